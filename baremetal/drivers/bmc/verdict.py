"""From how an exchange went to the error that says so."""

from dataclasses import dataclass
from typing import Final

from baremetal.drivers.bmc.address import BmcAddress, RawCommand
from baremetal.drivers.bmc.errors import (
    BmcAuthenticationFailed,
    BmcError,
    BmcNoAnswer,
    BmcProtocolError,
    BmcSessionsExhausted,
)
from baremetal.drivers.bmc.protocol import RAKP, Refusal, Refused

#: pyghmi's name of the stage of a login that waits for the answer to Open Session.
_OPENING: Final = "OPENSESSION"
#: So many RAKP messages 1 ignored, with an Open Session answered: it is no matter of chance.
LOGINS_IGNORED: Final = 10
#: So many datagrams that mean nothing are no late answers to an earlier session.
_NOISY: Final = 3

_AUTHENTICATION: Final = {
    Refusal.PASSWORD: BmcAuthenticationFailed.wrong_password,
    Refusal.USER: BmcAuthenticationFailed.unknown_user,
    Refusal.PRIVILEGE: BmcAuthenticationFailed.privilege,
    Refusal.KG: BmcAuthenticationFailed.wrong_kg,
}


@dataclass(slots=True)
class Journey:
    """What was met on the way through one login and the session that came of it."""

    #: Datagrams that meant nothing here.
    noise: int = 0
    #: RAKP messages 1 that were not answered.
    ignored: int = 0
    opening: bool = False
    opened: bool = False
    #: The cipher suite was changed because of silence, which proves nothing.
    guessing: bool = False
    #: What the local network said against the last datagram.
    trouble: str = ""

    def reached(self, stage: str | None) -> None:
        """The BMC has taken the login to `stage`."""
        if stage == _OPENING:
            self.opening = True
        else:
            self.opened = True
            if stage != RAKP[0]:
                self.ignored = 0

    def repeats(self, stage: str | None) -> None:
        """The packet of `stage` is to be sent again."""
        if stage == RAKP[0]:
            self.ignored += 1

    @property
    def suite_in_doubt(self) -> bool:
        """Whether the BMC talks, but has not yet answered an Open Session."""
        return self.opening and not self.opened


def of_refusal(refused: Refused, bmc: BmcAddress) -> BmcError:
    """The error for a login that the BMC ended."""
    if refused.reason in _AUTHENTICATION:
        return _AUTHENTICATION[refused.reason](bmc)
    if refused.reason is Refusal.SESSIONS:
        return BmcSessionsExhausted.full(bmc)
    return BmcProtocolError.nonsense(bmc, refused.detail)


def of_silence(journey: Journey, bmc: BmcAddress, seconds: float) -> BmcError:
    """The error for a login that came to no end, `seconds` after the last sign of life."""
    if journey.ignored >= LOGINS_IGNORED:
        return BmcNoAnswer(
            f"BMC {bmc} answers, but ignores user '{bmc.username}' at login. Check the user name: "
            "some BMCs are silent about users that they do not know or do not let in by LAN."
        )
    if journey.opening or journey.opened:
        return BmcNoAnswer(
            f"BMC {bmc} began the login of user '{bmc.username}' and then fell silent. Check the "
            "network for lost packets, and whether the BMC is overloaded or restarting."
        )
    if journey.noise >= _NOISY:
        what = f"sent {journey.noise} datagrams that are no IPMI answers, and no answer"
        return BmcProtocolError.nonsense(bmc, what)
    return BmcNoAnswer.silent(bmc, seconds, journey.trouble)


def of_lost_command(
    command: RawCommand, journey: Journey, bmc: BmcAddress, seconds: float
) -> BmcError:
    """The error for a command without an answer that is not to be tried again."""
    if command.repeatable:
        return BmcNoAnswer.silent(bmc, seconds, journey.trouble)
    return BmcNoAnswer.after_sending(bmc, seconds)
