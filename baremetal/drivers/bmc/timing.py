"""How long to wait for a BMC, and when to say something again. Pure; all in seconds."""

import random
from dataclasses import dataclass
from typing import Final

#: Each pause between two transmissions is so much longer than the one before.
_GROWTH: Final = 1.5


@dataclass(frozen=True, slots=True)
class Timings:
    """The patience of a bus."""

    #: Nothing heard for so long: the BMC does not answer.
    silence: float = 5.0
    #: The same, for a BMC whose session has just gone silent.
    silence_again: float = 2.5
    #: A login whose packets keep getting lost ends after so long.
    login: float = 12.0
    #: Before the first repetition of a packet, and of a RAKP message, which slow BMCs need
    #: most of a second to compute.
    resend: float = 0.5
    resend_login: float = 1.0
    #: An Open Session with a cipher suite never used before goes unanswered: try the next one.
    cipher: float = 2.0
    #: BMCs end a session after 60 s of silence (IPMI 2.0, 6.12.15).
    keepalive: float = 25.0
    #: Log out of a BMC that nobody has asked anything for so long.
    idle: float = 300.0
    #: A session unheard for so long is tried out before a command that must not be repeated.
    trust: float = 5.0
    #: For the answer to a logout.
    logout: float = 1.0


class Patience:
    """The clock of one exchange: when to send again, when to give up."""

    __slots__ = ("_gap", "_limit_at", "_silence", "heard_at", "resend_at", "resends")

    def __init__(self, now: float, gap: float, silence: float, limit: float) -> None:
        self._silence = silence
        self._limit_at = now + limit
        self.restart(now, gap)

    def restart(self, now: float, gap: float) -> None:
        """The BMC was heard, and the next packet of this exchange has gone out."""
        self.heard_at = now
        self.resends = 0
        # Jitter, so that a thousand packets lost together do not come again together.
        self._gap = gap * random.uniform(1.0, 1.5)  # noqa: S311 - no secret
        self.resend_at = now + self._gap

    def resent(self, now: float) -> None:
        """The same packet has gone out again."""
        self.resends += 1
        self._gap *= _GROWTH
        self.resend_at = now + self._gap

    @property
    def give_up_at(self) -> float:
        """When to stop."""
        return min(self.heard_at + self._silence, self._limit_at)
