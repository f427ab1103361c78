"""Serial over LAN: a machine's serial line as a payload of one session (IPMI 2.0, 15)."""

from collections.abc import Callable
from typing import Protocol

from baremetal.simulator.bmc.chassis import SerialLine
from baremetal.simulator.bmc.rmcp import MalformedPacket
from baremetal.simulator.bmc.sessions import Session

LONGEST_PAYLOAD = 220
"""Bytes in one payload, its header with it, in either direction."""

RETRY_SECONDS = 0.5
_TRIES = 10
_HEADER = 4
_NACK, _FLUSH_OUTBOUND = 0x40, 0x01
_DEACTIVATING = 0x10
#: What waits for a slow console at most, bytes; the oldest are dropped.
_MOST_WAITING = 64 * 1024


class Timer(Protocol):
    """Something that is to happen."""

    def cancel(self) -> None:
        """Let it not happen."""


Later = Callable[[float, Callable[[], None]], Timer]
"""Calls something some seconds later."""

Send = Callable[[Session, bytes], bool]
"""Sends a payload; False when the session has ended."""


class SerialOverLan:
    """The one instance of the payload that a BMC has.

    One packet at a time is on its way to the console, and sent again until it is acknowledged.
    """

    __slots__ = (
        "_later",
        "_line",
        "_numbered",
        "_on_its_way",
        "_send",
        "_taken",
        "_timer",
        "_tries",
        "_waiting",
        "session",
    )

    def __init__(self, line: SerialLine, send: Send, later: Later) -> None:
        self._line = line
        self._send = send
        self._later = later
        #: Who has it; None: nobody.
        self.session: Session | None = None
        self._timer: Timer | None = None
        self._waiting = bytearray()
        self._on_its_way = b""
        self._numbered = self._taken = self._tries = 0

    def activate(self, session: Session) -> None:
        """Give the line to a session; it is taken from whoever had it."""
        if session is self.session:
            return
        self.deactivate()
        self.session = session
        self._line.listen(self._heard)

    def deactivate(self) -> None:
        """Take the line back, and say so to who had it."""
        session, self.session = self.session, None
        if session is not None:
            self._line.leave()
            self._send(session, bytes((0, 0, 0, _DEACTIVATING)))
        self._forget()

    def receive(self, session: Session, payload: bytes) -> None:
        """Take a packet of a console: what was typed, or what it has received, or both.

        :raises MalformedPacket: it is too short.
        """
        if session is not self.session:
            return
        if len(payload) < _HEADER:
            raise MalformedPacket
        number, acknowledged, accepted, operation = payload[:_HEADER]
        typed = payload[_HEADER:]
        if operation & _FLUSH_OUTBOUND:
            self._waiting.clear()
        if acknowledged and acknowledged == self._numbered and self._on_its_way:
            self._delivered(accepted, refused=bool(operation & _NACK))
        if number:
            self._type(session, number, typed)

    def _type(self, session: Session, number: int, typed: bytes) -> None:
        # A console that heard no acknowledgement says the same again.
        if number != self._taken and typed:
            self._line.write(typed)
        self._taken = number
        self._send(session, bytes((0, number, min(len(typed), 0xFF), 0)))

    def _heard(self, data: bytes) -> None:
        self._waiting += data
        del self._waiting[:-_MOST_WAITING]
        self._go_on()

    def _go_on(self) -> None:
        if self.session is None or self._on_its_way or not self._waiting:
            return
        most = LONGEST_PAYLOAD - _HEADER
        self._on_its_way = bytes(self._waiting[:most])
        del self._waiting[:most]
        self._numbered = self._numbered % 15 + 1
        self._tries = 0
        self._transmit()

    def _transmit(self) -> None:
        session = self.session
        if session is None:
            return
        self._tries += 1
        packet = bytes((self._numbered, 0, 0, 0)) + self._on_its_way
        if self._tries > _TRIES or not self._send(session, packet):
            self.deactivate()
            return
        self._timer = self._later(RETRY_SECONDS, self._transmit)

    def _delivered(self, accepted: int, *, refused: bool) -> None:
        self._stop_timer()
        # What the console did not take goes into the next packet.
        self._waiting[:0] = self._on_its_way[accepted:] if refused or accepted else b""
        self._on_its_way = b""
        if refused:
            self._timer = self._later(RETRY_SECONDS, self._go_on)
        else:
            self._go_on()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None

    def _forget(self) -> None:
        self._stop_timer()
        self._waiting.clear()
        self._on_its_way = b""
        self._numbered = self._taken = self._tries = 0
