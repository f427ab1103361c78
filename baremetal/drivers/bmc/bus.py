"""The way to every BMC: `IpmiBus`. Start here."""

import atexit
import functools
import queue
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final, Self

from baremetal import lease
from baremetal.drivers.bmc.address import BmcAddress, RawCommand
from baremetal.drivers.bmc.chassis import GET_CHASSIS_STATUS, PowerReading, decode_chassis_status
from baremetal.drivers.bmc.errors import (
    BmcBusClosed,
    BmcError,
    BmcNameUnknown,
    BmcProtocolError,
    BmcSessionsExhausted,
)
from baremetal.drivers.bmc.exchange import Exchange
from baremetal.drivers.bmc.names import Names
from baremetal.drivers.bmc.request import Request
from baremetal.drivers.bmc.sockets import SocketAddress
from baremetal.drivers.bmc.timing import Timings

#: Callers wait so much longer than the I/O thread needs at most to tell them.
_GRACE: Final = 2.0

Outcome = bytes | BmcError
_Outcomes = queue.SimpleQueue[tuple[BmcAddress, Outcome]]


@dataclass(frozen=True, slots=True)
class BusStats:
    """How the bus is, and what it has done since it was opened; for metrics."""

    bmcs: int = 0
    sessions_open: int = 0
    requests_waiting: int = 0
    backing_off: int = 0
    logins: int = 0
    login_failures: int = 0
    sessions_lost: int = 0
    commands: int = 0
    resends: int = 0
    #: Commands that failed, by their errors' causes.
    failures: Mapping[str, int] = field(default_factory=dict)


class IpmiBus:
    """Speaks IPMI with any number of BMCs, over at most one session with each.

    One per process. It costs nothing until first used; then one daemon thread does all of
    the input and output. Any thread may call any method. `close` logs out of every BMC, and
    so does the end of the interpreter.
    """

    def __init__(
        self,
        timings: Timings | None = None,
        names: Names | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._timings = timings or Timings()
        self._names = names or Names()
        self._monotonic = monotonic
        self._exchange: Exchange | None = None
        self._opening = threading.Lock()
        self._closed = threading.Event()

    def execute(self, bmc: BmcAddress, command: RawCommand, timeout: float = 30.0) -> bytes:
        """The data of the BMC's answer, without the completion code.

        Waits for its turn on this BMC, and for at most `timeout` seconds in all; longer only
        when all of the BMC's sessions are taken, until forgotten ones have ended by themselves.
        A BMC on the back-off list is tried nevertheless: somebody wants to know now.

        :raises BmcError: in one of its kinds
        """
        patience = self._monotonic() + self._timings.sessions_taken
        while True:
            try:
                return self._execute(bmc, command, timeout)
            except BmcSessionsExhausted:
                # A killed process leaves its sessions behind, and the next one resumes at once.
                if self._monotonic() + self._timings.ask_for_session > patience:
                    raise
                self._closed.wait(self._timings.ask_for_session)

    def _execute(self, bmc: BmcAddress, command: RawCommand, timeout: float) -> bytes:
        answer: Future[Outcome] = Future()
        deadline = self._monotonic() + timeout
        address = self._names.find(bmc)
        request = Request(bmc, command, deadline, answer.set_result, allowed=lease.permit())
        exchange = self._open()
        exchange.post(lambda now: exchange.submit(address, request, now))
        try:
            outcome = answer.result(timeout + _GRACE)
        except TimeoutError:
            raise _no_account(bmc) from None
        if isinstance(outcome, BmcError):
            lease.confirm()
            outcome.evidence = {"bmc": self.recent(bmc)}
            raise outcome
        return outcome

    def execute_all(
        self, bmcs: Iterable[BmcAddress], command: RawCommand, timeout: float = 8.0
    ) -> Iterator[tuple[BmcAddress, Outcome]]:
        """One command to very many BMCs: each BMC once, with its answer or error, as they come.

        BMCs on the back-off list are left alone until their time has come; their outcome is
        the error that put them there, with `next_try_in` set.
        """
        left = set(bmcs)
        outcomes: _Outcomes = queue.SimpleQueue()
        deadline = self._monotonic() + timeout
        exchange = self._open()

        def submit(places: dict[BmcAddress, SocketAddress], now: float) -> None:
            for bmc, place in places.items():
                refusal = exchange.backoff.refusal(bmc, now)
                if refusal is not None:
                    outcomes.put((bmc, refusal))
                    continue
                done = functools.partial(_put, outcomes, bmc)
                exchange.submit(place, Request(bmc, command, deadline, done), now)

        for places in self._names.find_all(left, timeout):
            for bmc, place in places.items():
                if isinstance(place, BmcNameUnknown):
                    outcomes.put((bmc, place))
            found = {b: p for b, p in places.items() if not isinstance(p, BmcNameUnknown)}
            exchange.post(functools.partial(submit, found))
        while left:
            try:
                # What has come is there to be had, however late a slow caller asks for it.
                rest = max(0.0, deadline + _GRACE - self._monotonic())
                bmc, outcome = outcomes.get(timeout=rest)
            except queue.Empty:
                break
            left.discard(bmc)
            yield bmc, outcome
        for bmc in left:
            yield bmc, _no_account(bmc)

    def readings(
        self, bmcs: Iterable[BmcAddress], timeout: float = 8.0
    ) -> Iterator[tuple[BmcAddress, PowerReading | BmcError]]:
        """The power of very many machines, each BMC once, as they answer.

        Healthy ones come in the first seconds, and wait for no silent one (up to 7.5 s). A login
        that lost packets keep from ending in time goes on and serves the next time. See
        `execute_all` for back-off.
        """
        for bmc, outcome in self.execute_all(bmcs, GET_CHASSIS_STATUS, timeout):
            yield bmc, _reading(bmc, outcome)

    def sweep(
        self,
        bmcs: Iterable[BmcAddress],
        timeout: float = 8.0,
        on_result: Callable[[BmcAddress, PowerReading | BmcError], None] | None = None,
    ) -> dict[BmcAddress, PowerReading | BmcError]:
        """All `readings` at once; `on_result` hears of each, in the caller's thread."""
        readings: dict[BmcAddress, PowerReading | BmcError] = {}
        for bmc, reading in self.readings(bmcs, timeout):
            readings[bmc] = reading
            if on_result is not None:
                on_result(bmc, reading)
        return readings

    def recent(self, bmc: BmcAddress) -> list[dict[str, Any]]:
        """The last exchanges with a BMC, oldest first, as ``Recent.told`` has them."""
        exchange, place = self._exchange, self._names.known(bmc)
        if exchange is None or place is None or isinstance(place, BmcNameUnknown):
            return []
        line = exchange.line_at(place)
        return line.recent.told() if line is not None else []

    def stats(self) -> BusStats:
        """Figures for metrics; all zero before first use."""
        exchange = self._exchange
        if exchange is None:
            return BusStats()
        lines, counters = exchange.lines(), exchange.counters
        return BusStats(
            bmcs=len(lines),
            sessions_open=sum(line.logged_in for line in lines),
            requests_waiting=sum(len(line.queue) for line in lines),
            backing_off=exchange.backoff.waiting(self._monotonic()),
            logins=counters.logins,
            login_failures=counters.login_failures,
            sessions_lost=counters.sessions_lost,
            commands=counters.commands,
            resends=counters.resends,
            failures=dict(counters.failures),
        )

    def close(self, timeout: float = 2.0) -> None:
        """Log out of every BMC, in at most `timeout` seconds; what is under way fails."""
        with self._opening:
            self._closed.set()
            exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.close(timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _open(self) -> Exchange:
        with self._opening:
            if self._closed.is_set():
                raise BmcBusClosed("The IPMI bus is closed.")
            if self._exchange is None:
                atexit.register(_close_at_exit, weakref.ref(self))
            # A forked child finds its parent's thread missing, and starts one of its own.
            if self._exchange is None or not self._exchange.alive:
                self._exchange = Exchange(self._timings, self._monotonic)
            return self._exchange


def _close_at_exit(bus: "weakref.ref[IpmiBus]") -> None:
    alive = bus()
    if alive is not None:
        alive.close()


def _put(outcomes: _Outcomes, bmc: BmcAddress, outcome: Outcome) -> None:
    outcomes.put((bmc, outcome))


def _no_account(bmc: BmcAddress) -> BmcBusClosed:
    return BmcBusClosed(f"BMC {bmc}: the IPMI bus gave no account of a command.")


def _reading(bmc: BmcAddress, outcome: Outcome) -> PowerReading | BmcError:
    if isinstance(outcome, BmcError):
        return outcome
    try:
        return decode_chassis_status(outcome)
    except ValueError as error:
        return BmcProtocolError.nonsense(bmc, f"answered Get Chassis Status oddly: {error}")
