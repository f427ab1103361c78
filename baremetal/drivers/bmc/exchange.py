"""The place where all lines meet: one thread that owns every socket, session and timer.

Nothing in it waits for a particular BMC, so a silent one costs the others nothing; other
threads only `post` work to it.
"""

import contextlib
import heapq
import itertools
import logging
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from baremetal.drivers.bmc.address import BmcAddress
from baremetal.drivers.bmc.backoff import BackOffList
from baremetal.drivers.bmc.errors import BmcBusClosed
from baremetal.drivers.bmc.line import Line
from baremetal.drivers.bmc.request import Counters, Request
from baremetal.drivers.bmc.sockets import Peer, SocketAddress, Sockets, datagrams, peer_of
from baremetal.drivers.bmc.timing import Timings

LOG = logging.getLogger(__name__)

#: Exchanges begun and not yet answered or late. It keeps a burst of a thousand logins from
#: queueing up in a switch, a rack manager or a simulator until they all look lost.
_TURNS: Final = 128
#: Lines unused for so long are forgotten, with all that was learnt about their BMC.
_FORGET_AFTER: Final = 3600.0
_FORGET_EVERY: Final = 300.0

Work = Callable[[float], None]


class Exchange:
    """All lines, and the thread that runs them."""

    def __init__(self, timings: Timings, monotonic: Callable[[], float]) -> None:
        self.timings = timings
        self.counters = Counters()
        self.backoff: BackOffList[BmcAddress] = BackOffList()
        self._monotonic = monotonic
        self._lines: dict[Peer, Line] = {}
        self._channels: dict[Peer, socket.socket] = {}
        self._waiting: dict[Line, None] = {}
        self._turns: set[Line] = set()
        self._alarms: list[tuple[float, int, Line]] = []
        self._order = itertools.count()
        self._closing_until: float | None = None
        self._forget_at = monotonic() + _FORGET_EVERY
        self._sockets = Sockets()
        self._inbox: deque[Work] = deque()
        self._rung = False
        self._bell, self._ringer = socket.socketpair()
        self._bell.setblocking(False)
        self._sockets.selector.register(self._bell, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name="ipmi", daemon=True)
        self._thread.start()

    # For other threads.

    @property
    def alive(self) -> bool:
        """Whether work that is posted will be done; false in a forked child, too."""
        return self._thread.is_alive() and self._closing_until is None

    def post(self, work: Work) -> None:
        """Have `work(now)` done in the I/O thread, soon and in order.

        :raises BmcBusClosed: when that thread is ending
        """
        if not self.alive:
            raise BmcBusClosed("The IPMI bus is closed.")
        self._inbox.append(work)
        if not self._rung:
            self._rung = True
            try:
                self._ringer.send(b"!")
            except OSError:  # closed a moment ago
                raise BmcBusClosed("The IPMI bus is closed.") from None

    def close(self, seconds: float) -> None:
        """Fail what is under way, log out of every BMC, and end the thread."""
        with contextlib.suppress(BmcBusClosed):  # it is ending already
            self.post(lambda now: self._shut(now, seconds))
        if self._thread is not threading.current_thread():
            self._thread.join(seconds + 1.0)

    def lines(self) -> list[Line]:
        """All lines, as of now; to look at only."""
        return list(self._lines.values())

    def line_at(self, address: SocketAddress) -> Line | None:
        """The line to a BMC, if there is one; to look at only."""
        return self._lines.get(peer_of(address))

    # For work, in the I/O thread.

    def submit(self, address: SocketAddress, request: Request, now: float) -> None:
        """Put a request on its BMC's line."""
        if self._closing_until is not None:
            request.done(BmcBusClosed(f"BMC {request.bmc}: the IPMI bus is being closed."))
            return
        peer = peer_of(address)
        line = self._lines.get(peer)
        if line is None:
            self._channels[peer], send = self._sockets.open_line(address)
            line = self._lines[peer] = Line(self, send)
        line.add(request, now)
        self._set_alarm(line)

    # For lines.

    def wants_start(self, line: Line) -> None:
        """Have `line.start` called when it is this line's turn."""
        self._waiting[line] = None

    def yields_turn(self, line: Line) -> None:
        """Let another line start: this one is idle, or its BMC takes its time."""
        self._turns.discard(line)

    # The thread.

    def _run(self) -> None:
        try:
            while not self._done(self._monotonic()):
                self._round()
        except Exception:
            LOG.exception("The IPMI thread ends by a defect; the next command starts another")
        finally:
            now = self._monotonic()
            self._closing_until = now
            self._empty_inbox(now)  # requests in it are refused, which wakes their callers
            for line in self._lines.values():
                line.shut(now)
            self._sockets.close()
            self._bell.close()
            self._ringer.close()

    def _done(self, now: float) -> bool:
        if self._closing_until is None:
            return False
        return now >= self._closing_until or not any(x.logging_out for x in self._lines.values())

    def _round(self) -> None:
        for key, _ in self._sockets.selector.select(self._pause(self._monotonic())):
            if key.fileobj is self._bell:
                # In this order: the other way, a ring in between would be swallowed here and
                # still count as rung, and nobody would ring again.
                self._bell.recv(4096)
                self._rung = False
            else:
                self._receive(key.fileobj)
        now = self._monotonic()
        self._empty_inbox(now)
        while self._alarms and self._alarms[0][0] <= now:
            self._alarm(now)
        while self._waiting and len(self._turns) < _TURNS:
            line = next(iter(self._waiting))
            del self._waiting[line]
            self._turns.add(line)
            self._step(line, line.start, now)
        if now >= self._forget_at:
            self._forget(now)

    def _pause(self, now: float) -> float:
        if self._inbox:
            return 0.0
        due = min(
            self._alarms[0][0] if self._alarms else self._forget_at,
            self._forget_at,
            self._closing_until if self._closing_until is not None else self._forget_at,
        )
        return max(0.0, due - now)

    def _empty_inbox(self, now: float) -> None:
        while self._inbox:
            work = self._inbox.popleft()
            try:
                work(now)
            except Exception:
                LOG.exception("A defect in work for the IPMI thread; the rest goes on")

    def _receive(self, channel: object) -> None:
        assert isinstance(channel, socket.socket)  # noqa: S101 - the selector has no others
        now = self._monotonic()
        for datagram, peer in datagrams(channel):
            line = self._lines.get(peer)
            if line is not None:
                self._step(line, line.receive, datagram, now)

    def _alarm(self, now: float) -> None:
        when, _, line = heapq.heappop(self._alarms)
        if line.alarm != when:
            return  # an earlier alarm was set since, and it took care
        line.alarm = None
        wake_at = line.wake_at
        if wake_at is not None and wake_at <= now:
            self._step(line, line.tick, now)
        else:
            self._set_alarm(line)

    def _step(self, line: Line, step: Callable[..., None], *arguments: object) -> None:
        """Run a step of one line; a defect met there does not reach the others."""
        try:
            step(*arguments)
        except Exception:
            LOG.exception("A defect in an exchange with a BMC; its line starts anew")
            line.abandon()
        self._set_alarm(line)

    def _set_alarm(self, line: Line) -> None:
        wake_at = line.wake_at
        if wake_at is not None and (line.alarm is None or wake_at < line.alarm):
            line.alarm = wake_at
            heapq.heappush(self._alarms, (wake_at, next(self._order), line))

    def _shut(self, now: float, seconds: float) -> None:
        self._closing_until = now + seconds
        self._waiting.clear()
        for line in self._lines.values():
            line.shut(now)
            self._set_alarm(line)

    def _forget(self, now: float) -> None:
        self._forget_at = now + _FORGET_EVERY
        self.backoff.prune(now)
        for peer, line in list(self._lines.items()):
            if line.idle_since(now) > _FORGET_AFTER:
                del self._lines[peer]
                self._sockets.close_line(self._channels.pop(peer))
