"""Sessions of one BMC: how many, how long, and which packets they have seen."""

import enum
import secrets
from collections.abc import Callable, Hashable, Iterator

from baremetal.simulator.bmc.cipher_suites import CipherSuite, SessionKeys

IDLE_SECONDS = 60.0
"""A session ends when nothing came for so long (IPMI 2.0, 6.12.15)."""
LINGER_SECONDS = 5.0
"""A closed session still repeats its last answer for so long, in case that was lost."""
RETRY_SECONDS = 5.0
"""A message that comes again within so long is a retry, not a second wish (IPMI 2.0, 5.5)."""

OpenRequest = tuple[Hashable, bytes]
"""Who asked for a session and the request's bytes; two consoles may send the same bytes."""

_AHEAD, _BEHIND = 15, 16
_WINDOW = (1 << (_BEHIND + 1)) - 1


class Phase(enum.Enum):
    """How far a session has come."""

    OPENED = "opened"  # Open Session answered
    CHALLENGED = "challenged"  # RAKP 2 sent
    ACTIVE = "active"
    CLOSED = "closed"


class Arrival(enum.Enum):
    """What a packet's session sequence number says of it."""

    NEW = "new"
    REPEATED = "repeated"
    OUTSIDE = "outside"


class InsufficientResources(Exception):
    """Every session is taken."""


class Session:
    """One RMCP+ session, from Open Session on."""

    __slots__ = (
        "_highest",
        "_sent",
        "_window",
        "bmc_random",
        "console_id",
        "console_random",
        "id",
        "keys",
        "last_active",
        "last_answer",
        "last_request",
        "opened_by",
        "peer",
        "phase",
        "privilege",
        "privilege_limit",
        "role",
        "suite",
        "username",
    )

    def __init__(self, session_id: int, console_id: int, suite: CipherSuite, now: float) -> None:
        self.id = session_id
        self.console_id = console_id
        self.suite = suite
        self.phase = Phase.OPENED
        self.last_active = now
        self.keys: SessionKeys | None = None
        self.privilege = 0
        self.privilege_limit = 0
        # Where its console was heard last.
        self.peer: Hashable = None
        # The handshake's secrets and its last question and answer, dropped once it is over.
        self.opened_by: OpenRequest | None = None
        self.role = 0
        self.username = b""
        self.console_random = b""
        self.bmc_random = b""
        # The last question and answer: datagrams in the handshake, then IPMI messages.
        self.last_request = b""
        self.last_answer = b""
        self._sent = 0
        self._highest = 0
        self._window = 1

    def arrival(self, sequence: int) -> Arrival:
        """Judge an authenticated packet by its number, and remember it (IPMI 2.0, 6.12.13)."""
        ahead = (sequence - self._highest + 0x80000000 & 0xFFFFFFFF) - 0x80000000
        if not -_BEHIND <= ahead <= _AHEAD:
            return Arrival.OUTSIDE
        if ahead > 0:
            self._highest = sequence
            self._window = (self._window << ahead | 1) & _WINDOW
            return Arrival.NEW
        bit = 1 << -ahead
        if self._window & bit:
            return Arrival.REPEATED if ahead == 0 else Arrival.OUTSIDE
        self._window |= bit
        return Arrival.NEW

    def next_sequence(self) -> int:
        """Return the number of the next packet to the console; never 0."""
        self._sent = self._sent % 0xFFFFFFFF + 1
        return self._sent

    def forget_handshake(self) -> None:
        """Drop what only the handshake needed."""
        self.opened_by = None
        self.username = self.console_random = self.bmc_random = b""


class SessionTable:
    """The sessions of one BMC, at most ``most`` of them; idle ones end by themselves."""

    __slots__ = ("_most", "_now", "_sessions")

    def __init__(self, most: int, now: Callable[[], float]) -> None:
        self._most = most
        self._now = now
        self._sessions: dict[int, Session] = {}

    def __len__(self) -> int:
        """How many are open or being opened."""
        return sum(session.phase is not Phase.CLOSED for session in self._sessions.values())

    def __iter__(self) -> Iterator[Session]:
        return iter(self._sessions.values())

    def active(self) -> int:
        """Return how many sessions have finished their handshake."""
        return sum(session.phase is Phase.ACTIVE for session in self._sessions.values())

    def open(self, console_id: int, suite: CipherSuite) -> Session:
        """Return a new session.

        Handshakes that were never finished make room first, the oldest first.

        :raises InsufficientResources: all sessions are active.
        """
        self.expire()
        if len(self) >= self._most:
            halves = [s for s in self if s.phase in (Phase.OPENED, Phase.CHALLENGED)]
            if not halves:
                raise InsufficientResources
            del self._sessions[min(halves, key=lambda session: session.last_active).id]
        session_id = 0
        while not session_id or session_id in self._sessions:
            session_id = secrets.randbits(32)
        session = Session(session_id, console_id, suite, self._now())
        self._sessions[session_id] = session
        return session

    def find(self, session_id: int) -> Session | None:
        """Return the session if it has not ended."""
        session = self._sessions.get(session_id)
        if session is None:
            return None
        if self._over(session):
            del self._sessions[session_id]
            return None
        return session

    def keep_alive(self, session: Session) -> None:
        """Note that the console has just been heard."""
        if session.phase is not Phase.CLOSED:
            session.last_active = self._now()

    def opened_by(self, request: OpenRequest) -> Session | None:
        """Return the session that this very request has opened, while it is nothing more."""
        return next((s for s in self if s.opened_by == request and s.phase is Phase.OPENED), None)

    def close(self, session: Session) -> None:
        """End the session; its last answer can be repeated for a moment."""
        session.phase = Phase.CLOSED
        session.last_active = self._now()

    def discard(self, session: Session) -> None:
        """Forget the session at once."""
        self._sessions.pop(session.id, None)

    def clear(self) -> None:
        """Forget all sessions, as a restart of the BMC does."""
        self._sessions.clear()

    def expire(self) -> None:
        """Drop the sessions that have ended, which frees their memory."""
        for session in list(self):
            if self._over(session):
                self.discard(session)

    def _over(self, session: Session) -> bool:
        limit = LINGER_SECONDS if session.phase is Phase.CLOSED else IDLE_SECONDS
        return self._now() - session.last_active > limit
