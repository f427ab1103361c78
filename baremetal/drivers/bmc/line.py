"""The line to one BMC: its queue, its one session, and when to repeat, give up or hang up.

All of it runs in the I/O thread, and nothing in it waits: `start`, `receive` and `tick` are
called when there is something to do, and `wake_at` says when the next `tick` is due.
"""

import enum
import logging
from collections import deque
from collections.abc import Callable
from typing import Final

from baremetal.drivers.bmc import verdict
from baremetal.drivers.bmc.address import CIPHER_SUITES, BmcAddress, RawCommand
from baremetal.drivers.bmc.errors import (
    BmcBusClosed,
    BmcCommandFailed,
    BmcCommandWithdrawn,
    BmcError,
    BmcNoAnswer,
)
from baremetal.drivers.bmc.protocol import RAKP, Answer, Plain, Refusal, Refused, SessionProtocol
from baremetal.drivers.bmc.recent import Recent
from baremetal.drivers.bmc.request import Request, Surroundings
from baremetal.drivers.bmc.timing import Patience

LOG = logging.getLogger(__name__)

#: Get Device ID: cheap, allowed to everybody, changes nothing (IPMI 2.0, 20.1).
_PING: Final = RawCommand(netfn=0x06, command=0x01)


class Phase(enum.Enum):
    """What the line is doing."""

    DOWN = enum.auto()
    LOGIN = enum.auto()
    READY = enum.auto()
    COMMAND = enum.auto()
    PING = enum.auto()
    LOGOUT = enum.auto()


class Line:
    """One BMC, by address and port; users and passwords may change from request to request."""

    def __init__(self, exchange: Surroundings, send: Callable[[bytes], str]) -> None:
        """`send` returns what the local network said against it, or an empty string."""
        self.phase = Phase.DOWN
        self.used_at = self._silent_since = 0.0
        #: The exchange's: when it has set its next alarm for this line.
        self.alarm: float | None = None
        self.queue: deque[Request] = deque()
        self.recent = Recent()
        self._exchange = exchange
        self._timings = exchange.timings
        self._transmit = send
        self._current: Request | None = None
        self._bmc: BmcAddress | None = None
        self._session: SessionProtocol | None = None
        self._patience = Patience(0.0, 0.0, 0.0, 0.0)
        self._known_suite: int | None = None
        self._suites: list[int] = []
        self._journey = verdict.Journey()

    # What the exchange calls.

    def add(self, request: Request, now: float) -> None:
        """Queue a request."""
        self.used_at = now
        self.queue.append(request)
        if self.phase in (Phase.DOWN, Phase.READY):
            self._exchange.wants_start(self)

    def start(self, now: float) -> None:
        """Begin with the next request, if the line is free and there is one."""
        self._expire(now)
        if self.phase not in (Phase.DOWN, Phase.READY) or not self.queue:
            self._exchange.yields_turn(self)
            return
        self._current = request = self.queue.popleft()
        self._silent_since = now
        self._exchange.counters.commands += 1
        if self._session is not None and self._bmc != request.bmc:
            self._drop_session()
        if self._session is None:
            self._log_in(request.bmc, now, self._timings.silence)
        elif not request.command.repeatable and now - self._patience.heard_at > self._timings.trust:
            self._ask(Phase.PING, _PING, now)
        else:
            self._command(request, now)

    def receive(self, datagram: bytes, now: float) -> None:
        """Go on with what the BMC has sent."""
        if self._session is None:
            return
        event = self._session.feed(datagram)
        if event is None or event is Plain.GARBAGE:
            self._journey.noise += 1
            return
        self._silent_since = now
        if event is Plain.PROGRESS:
            self._journey.reached(self._session.stage)
            self._patience.heard(now, self._gap())
        elif event is Plain.LOGGED_IN:
            self._logged_in(now)
        elif isinstance(event, Refused):
            self._refused(event, now)
        elif isinstance(event, Answer):
            self._answered(event, now)

    def tick(self, now: float) -> None:
        """Do what time has made due."""
        self._expire(now)
        if self.phase is Phase.READY:
            if now >= self.used_at + self._timings.idle:
                self._log_out(now)
            elif now >= self._patience.heard_at + self._timings.keepalive:
                self._ask(Phase.PING, _PING, now)
        elif self.phase is not Phase.DOWN:
            self._press_on(now)

    def shut(self, now: float) -> None:
        """Fail all requests and begin to log out."""
        self._fail_all("the IPMI bus is being closed")
        if self.logged_in:
            self._log_out(now)

    def abandon(self) -> None:
        """Start anew after a defect: fail all requests, forget the session."""
        self.phase = Phase.DOWN
        self._session = None
        self._exchange.yields_turn(self)
        self._fail_all("a defect was met in the exchange with it; the log has more")

    @property
    def logged_in(self) -> bool:
        """Whether the BMC holds a session for us."""
        return self.phase in (Phase.READY, Phase.COMMAND, Phase.PING)

    @property
    def logging_out(self) -> bool:
        """Whether the answer to a logout is waited for."""
        return self.phase is Phase.LOGOUT

    def idle_since(self, now: float) -> float:
        """Seconds since anybody wanted anything of this BMC; 0 while there is a session."""
        return now - self.used_at if self.phase is Phase.DOWN and not self.queue else 0.0

    @property
    def wake_at(self) -> float | None:
        """When `tick` is due; None: not before something else happens."""
        times = [request.deadline for request in self.queue]
        if self._current:
            times.append(self._current.deadline)
        if self.phase is Phase.READY:
            times.append(self.used_at + self._timings.idle)
            times.append(self._patience.heard_at + self._timings.keepalive)
        elif self.phase is not Phase.DOWN:
            times.append(min(self._patience.resend_at, self._patience.give_up_at))
        return min(times, default=None)

    # Exchanges with the BMC.

    def _log_in(self, bmc: BmcAddress, now: float, silence: float) -> None:
        known = (self._known_suite,) if self._known_suite else ()
        probes = (*known, *(suite for suite in CIPHER_SUITES if suite != self._known_suite))
        self._suites = [bmc.cipher_suite] if bmc.cipher_suite else list(probes)
        self._bmc = bmc
        self._patience = Patience(now, self._timings.resend, silence, self._timings.login)
        self._open_session()

    def _open_session(self) -> None:
        assert self._bmc is not None  # noqa: S101 - set by _log_in
        self.phase = Phase.LOGIN
        self._journey = verdict.Journey()
        self._session = SessionProtocol(self._bmc, self._suites[0], self._send)
        self._session.log_in()

    def _ask(self, phase: Phase, command: RawCommand, now: float) -> None:
        assert self._session is not None  # noqa: S101 - the callers look
        self.phase = phase
        silence = self._timings.silence
        self._patience = Patience(now, self._timings.resend, silence, silence)
        self._session.request(command)

    def _command(self, request: Request, now: float) -> None:
        if request.allowed():
            self._ask(Phase.COMMAND, request.command, now)
        else:
            self._withdraw(request)

    def _withdraw(self, request: Request) -> None:
        """Whoever asked for it has slept too long: another goes on in its place."""
        self.phase = Phase.READY
        self._current = None
        self._end(request, BmcCommandWithdrawn(f"BMC {request.bmc}: asked for too long ago."))
        self._next()

    def _log_out(self, now: float) -> None:
        assert self._session is not None  # noqa: S101 - the callers look
        self.phase = Phase.LOGOUT
        limit = self._timings.logout
        self._patience = Patience(now, limit / 3, limit, limit)
        self._session.log_out()

    def _drop_session(self) -> None:
        # The BMC may still hold the session, so it is told, and not waited for.
        if self._session is not None and self.logged_in:
            self._session.log_out()
        self._session = None
        self.phase = Phase.DOWN

    def _send(self, datagram: bytes) -> None:
        self._journey.trouble = self._transmit(datagram)

    def _gap(self) -> float:
        rakp = self._session is not None and self._session.stage in RAKP
        return self._timings.resend_login if rakp else self._timings.resend

    # What comes of them.

    def _logged_in(self, now: float) -> None:
        self.phase = Phase.READY
        self._exchange.counters.logins += 1
        self._patience.heard(now, self._timings.resend)
        bmc, session = self._bmc, self._session
        assert bmc is not None and session is not None  # noqa: S101, PT018 - it just logged in
        if not self._journey.guessing:
            self._known_suite = session.suite
        if self._exchange.backoff.forgive(bmc):
            LOG.info("BMC %s answers again", bmc)
        if self._current is not None:
            self._command(self._current, now)
        else:
            self._next()

    def _refused(self, refused: Refused, now: float) -> None:
        if refused.reason is Refusal.CIPHER and len(self._suites) > 1:
            self._try_next_suite(now)
        else:
            self._login_failed(lambda bmc: verdict.of_refusal(refused, bmc), now)

    def _try_next_suite(self, now: float, *, guessing: bool = False) -> None:
        self._suites.pop(0)
        self._known_suite = None
        self._open_session()
        self._patience.heard(now, self._timings.resend)  # in that it was heard before
        self._journey.guessing = guessing

    def _login_failed(self, error_for: Callable[[BmcAddress], BmcError], now: float) -> None:
        bmc = self._bmc
        assert bmc is not None  # noqa: S101 - set by _log_in
        self._session = None
        self.phase = Phase.DOWN
        self._exchange.counters.login_failures += 1
        self._on_the_list(bmc, error_for(bmc), now)
        # Whoever waits for the same login would only fail the same way, one after another.
        for request in self._take_all():
            if request.bmc == bmc:
                self._end(request, error_for(bmc))
            else:
                self.queue.append(request)
        self._next()

    def _answered(self, answer: Answer, now: float) -> None:
        self._patience.heard(now, self._timings.resend)
        request = self._current
        if self.phase is Phase.LOGOUT:
            self._logged_out()
        elif self.phase is Phase.PING and request is not None:
            self._command(request, now)
        else:
            self.phase = Phase.READY
            self._current = None
            if request is not None:
                self._end(request, _result(request, answer))
            self._next()

    def _press_on(self, now: float) -> None:
        """Send again or give up, whichever is due."""
        session, journey = self._session, self._journey
        assert session is not None  # noqa: S101 - no phase but DOWN is without one
        in_login = self.phase is Phase.LOGIN
        ignored = in_login and journey.ignored >= verdict.LOGINS_IGNORED
        other_suite_due = self._patience.heard_at + self._timings.cipher
        if ignored or now >= self._patience.give_up_at:
            self._give_up(now)
        elif (
            in_login and journey.suite_in_doubt and len(self._suites) > 1 and now >= other_suite_due
        ):
            self._try_next_suite(now, guessing=True)
        elif self.phase is Phase.COMMAND and self._current and not self._current.allowed():
            self._withdraw(self._current)
        elif now >= self._patience.resend_at:
            self._exchange.counters.resends += 1
            self._exchange.yields_turn(self)
            journey.repeats(session.stage)
            once = self.phase is Phase.COMMAND and self._must_not_repeat()
            session.resend(same_datagram=once)
            self._patience.resent(now)

    def _must_not_repeat(self) -> bool:
        return self._current is None or not self._current.command.repeatable

    def _give_up(self, now: float) -> None:
        waited = now - self._silent_since
        if self.phase is Phase.LOGIN:
            journey = self._journey
            self._login_failed(lambda bmc: verdict.of_silence(journey, bmc, waited), now)
        elif self.phase is Phase.LOGOUT:
            self._logged_out()
        else:
            self._session_lost(waited, now)

    def _logged_out(self) -> None:
        self._session = None
        self.phase = Phase.DOWN
        self._next()

    def _session_lost(self, waited: float, now: float) -> None:
        """No answer in a session that has worked: the BMC restarted, or is gone."""
        request, pinged = self._current, self.phase is Phase.PING
        self._exchange.counters.sessions_lost += 1
        self._drop_session()
        if request is None:
            self._next()
        elif pinged or (request.command.repeatable and not request.sent_before):
            request.sent_before = not pinged
            self._log_in(request.bmc, now, self._timings.silence_again)
        else:
            self._current = None
            error = verdict.of_lost_command(request.command, self._journey, request.bmc, waited)
            self._on_the_list(request.bmc, error, now)
            self._end(request, error)
            self._next()

    def _fail_all(self, why: str) -> None:
        for request in self._take_all():
            self._end(request, BmcBusClosed(f"BMC {request.bmc}: {why}."))

    def _take_all(self) -> list[Request]:
        waiting = [*([self._current] if self._current else []), *self.queue]
        self._current = None
        self.queue.clear()
        return waiting

    def _next(self) -> None:
        self._exchange.yields_turn(self)
        if self.queue:
            self._exchange.wants_start(self)

    def _expire(self, now: float) -> None:
        request = self._current
        if request is not None and now >= request.deadline:
            # The exchange itself goes on: its answer still tells whether the session is sound.
            self._current = None
            waited = now - self._silent_since
            if self.phase is Phase.COMMAND:
                error = verdict.of_lost_command(request.command, self._journey, request.bmc, waited)
            else:
                error = verdict.of_silence(self._journey, request.bmc, waited)
            self._end(request, error)
        for request in [request for request in self.queue if now >= request.deadline]:
            self.queue.remove(request)
            self._end(request, BmcNoAnswer.out_of_time(request.bmc, waited_for="earlier commands"))

    def _end(self, request: Request, outcome: bytes | BmcError) -> None:
        self.recent.note(request.command, outcome)
        if isinstance(outcome, BmcError):
            self._exchange.counters.failures[outcome.cause] += 1
        request.done(outcome)

    def _on_the_list(self, bmc: BmcAddress, error: BmcError, now: float) -> None:
        failures = self._exchange.backoff.record(bmc, error, now)
        LOG.log(logging.WARNING if failures == 1 else logging.DEBUG, "%s", error)


def _result(request: Request, answer: Answer) -> bytes | BmcError:
    if answer.code == 0:
        return answer.data
    command = request.command
    return BmcCommandFailed.declined(request.bmc, command.netfn, command.command, answer.code)
