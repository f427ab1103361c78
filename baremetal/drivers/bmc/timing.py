"""How long to wait for a BMC, and when to say something again. Pure; all in seconds."""

import random
from dataclasses import dataclass
from typing import Final

#: Each pause before a packet goes out again is so much longer than the one before, until the
#: BMC is heard: from then on, what is missing was lost, and the BMC is not slow.
_GROWTH: Final = 1.2


@dataclass(frozen=True, slots=True)
class Timings:
    """The patience of a bus."""

    #: Nothing heard for so long: the BMC does not answer.
    silence: float = 5.0
    #: The same, for a BMC whose session has just gone silent.
    silence_again: float = 2.5
    #: A login that the BMC has begun to answer, but whose packets keep getting lost.
    login: float = 20.0
    #: Before the first repetition of a packet, and of a RAKP message, which slow BMCs need
    #: much of a second to compute.
    resend: float = 0.35
    resend_login: float = 0.6
    #: An Open Session with a cipher suite never used before goes unanswered: try the next one.
    cipher: float = 2.0
    #: BMCs end a session after 60 s of silence, give or take 3 (IPMI 2.0, 6.12.15). Late enough
    #: that one will do between two sweeps a minute apart.
    keepalive: float = 40.0
    #: A BMC whose sessions are all taken is asked again, every so often and so long: more than
    #: the 60 s after which it ends those that were forgotten.
    ask_for_session: float = 3.0
    sessions_taken: float = 75.0
    #: Log out of a BMC that nobody has asked anything for so long.
    idle: float = 300.0
    #: A session unheard for so long is tried out before a command that must not be repeated.
    trust: float = 5.0
    #: For the answer to a logout.
    logout: float = 1.0


class Patience:
    """The clock of one exchange: when to send again, when to give up."""

    __slots__ = ("_gap", "_limit_at", "_unheard", "give_up_at", "heard_at", "resend_at")

    def __init__(self, now: float, gap: float, silence: float, limit: float) -> None:
        """Give up after `silence`, or, once heard, `limit` seconds from now."""
        self._limit_at = now + limit
        self.heard(now, gap)
        self._unheard = True
        #: When to stop.
        self.give_up_at = now + silence

    def heard(self, now: float, gap: float) -> None:
        """The BMC was heard, and the next packet of this exchange has gone out."""
        self.heard_at = now
        self._unheard = False
        self.give_up_at = self._limit_at
        # Jitter, so that a thousand packets lost together do not come again together.
        self._gap = gap * random.uniform(1.0, 1.5)  # noqa: S311 - no secret
        self.resend_at = now + self._gap

    def resent(self, now: float) -> None:
        """The same packet has gone out again."""
        if self._unheard:
            self._gap *= _GROWTH
        self.resend_at = now + self._gap
