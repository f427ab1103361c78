"""What can go wrong between us and a BMC.

    DriverError
    `-- BmcError
        |-- BmcNoAnswer              silence, or the command's time ran out
        |-- BmcAuthenticationFailed  user, password, Kg or privilege refused
        |-- BmcSessionsExhausted     all of the BMC's sessions are taken
        |-- BmcCommandFailed         a completion code other than 0
        |-- BmcProtocolError         an answer that is not IPMI 2.0, or no common cipher suite
        |-- BmcNameUnknown           the host name cannot be resolved
        |-- BmcAddressInvalid        no BMC can have such an address, user or password
        |-- BmcCommandWithdrawn      whoever asked for it may not touch the machine any more
        `-- BmcBusClosed             we are shutting down

Each takes its sentence, as errors of the domain do; the class methods compose the usual
ones. No sentence ever holds a password.
"""

from typing import TYPE_CHECKING, Final

from baremetal.domain.errors import DriverError

if TYPE_CHECKING:
    from baremetal.drivers.bmc.address import BmcAddress

#: IPMI 2.0, table 5-2.
COMPLETION_CODES: Final = {
    0xC0: "node busy",
    0xC1: "invalid command: the BMC does not know it",
    0xC2: "command invalid for the given LUN",
    0xC3: "timeout while processing the command",
    0xC4: "out of space",
    0xC5: "reservation cancelled or invalid",
    0xC6: "request data truncated",
    0xC7: "request data length invalid",
    0xC8: "request data field length limit exceeded",
    0xC9: "parameter out of range",
    0xCA: "cannot return that many data bytes",
    0xCB: "requested sensor, data or record not present",
    0xCC: "invalid data field in the request",
    0xCD: "command illegal for this sensor or record type",
    0xCE: "response could not be provided",
    0xCF: "duplicated request",
    0xD0: "SDR repository in update mode",
    0xD1: "device in firmware update mode",
    0xD2: "BMC initialization in progress",
    0xD3: "destination unavailable",
    0xD4: "insufficient privilege level",
    0xD5: "command not supported in the present state",
    0xD6: "sub-function disabled or unavailable",
    0xFF: "unspecified error",
}


class BmcError(DriverError):
    """A BMC did not do what was asked. `next_try_in` seconds: it is on the back-off list."""

    next_try_in: float | None = None


class BmcNoAnswer(BmcError):
    """The BMC was silent. `outcome_unknown`: it may have obeyed all the same.

    `unasked`: it was not given the chance, for our own turn had not come in time.
    """

    cause = "bmc-unreachable"
    outcome_unknown: bool = False
    unasked: bool = False

    @classmethod
    def silent(cls, bmc: "BmcAddress", seconds: float, cause: str = "") -> "BmcNoAnswer":
        """Nothing came back for `seconds`; `cause` is what our own network said, if anything."""
        heard = f" ({cause})" if cause else ""
        return cls(
            f"BMC {bmc} did not answer for {seconds:.1f} s{heard}. Check that its address and port "
            "are right, that it has power and network, that no firewall stops UDP, and that "
            "IPMI over LAN is enabled on it."
        )

    @classmethod
    def after_sending(cls, bmc: "BmcAddress", seconds: float) -> "BmcNoAnswer":
        """A command that must not be repeated went out, and its answer never came."""
        error = cls(
            f"BMC {bmc} took a command and did not answer for {seconds:.1f} s. It may have obeyed "
            "or not: read the machine's state before sending the command again."
        )
        error.outcome_unknown = True
        return error

    @classmethod
    def out_of_time(cls, bmc: "BmcAddress", *, waited_for: str) -> "BmcNoAnswer":
        """The caller's own timeout passed first."""
        error = cls(f"BMC {bmc}: time ran out while waiting for {waited_for}. Give it more time.")
        error.unasked = True
        return error


class BmcAuthenticationFailed(BmcError):
    """The BMC refused who we said we are."""

    cause = "bmc-refused"

    @classmethod
    def wrong_password(cls, bmc: "BmcAddress") -> "BmcAuthenticationFailed":
        """The proof of the password did not match."""
        return cls(
            f"BMC {bmc} refused user '{bmc.username}': the user name or the password is wrong. "
            "Correct them on the node; many BMCs lock a user after several wrong attempts."
        )

    @classmethod
    def unknown_user(cls, bmc: "BmcAddress") -> "BmcAuthenticationFailed":
        """The BMC has no such user, or the user may not use the network."""
        return cls(
            f"BMC {bmc} refused user '{bmc.username}': it has no such user, or the user is not "
            f"enabled for access by LAN at privilege level {bmc.privilege}. Correct the user name, "
            "or enable the user on the BMC."
        )

    @classmethod
    def privilege(cls, bmc: "BmcAddress") -> "BmcAuthenticationFailed":
        """The user exists, but may not be what we ask to be."""
        return cls(
            f"BMC {bmc} refused privilege level {bmc.privilege} to user '{bmc.username}'. Give the "
            "user that level on the BMC, or set a lower privilege level on the node."
        )

    @classmethod
    def wrong_kg(cls, bmc: "BmcAddress") -> "BmcAuthenticationFailed":
        """The password matched, the session's keys did not."""
        return cls(
            f"BMC {bmc} and we derive different session keys for user '{bmc.username}': the Kg key "
            "is wrong or missing. Set the node's Kg to the one configured on the BMC."
        )


class BmcSessionsExhausted(BmcError):
    """The BMC has no session left."""

    cause = "bmc-refused"

    @classmethod
    def full(cls, bmc: "BmcAddress") -> "BmcSessionsExhausted":
        """The BMC said so."""
        return cls(
            f"BMC {bmc} refuses new sessions: all of them are taken. Close other IPMI consoles and "
            "tools that use it; forgotten sessions end after about a minute."
        )


class BmcCommandFailed(BmcError):
    """The BMC understood, and declined. `completion_code` is IPMI 2.0, table 5-2."""

    cause = "bmc-refused"
    completion_code: int = 0xFF

    @classmethod
    def declined(
        cls, bmc: "BmcAddress", netfn: int, command: int, completion_code: int
    ) -> "BmcCommandFailed":
        """Which command, and what its completion code means."""
        meaning = COMPLETION_CODES.get(completion_code, "a code of this command or of the vendor")
        error = cls(
            f"BMC {bmc} declined command {command:#04x} of network function {netfn:#04x} with "
            f"completion code {completion_code:#04x}: {meaning}."
        )
        error.completion_code = completion_code
        return error


class BmcProtocolError(BmcError):
    """The BMC's answers make no sense, or it and we have no protocol in common."""

    cause = "bmc-garbled"

    @classmethod
    def nonsense(cls, bmc: "BmcAddress", what: str) -> "BmcProtocolError":
        """`what` completes: the BMC ..."""
        return cls(
            f"BMC {bmc} {what}. Check that an IPMI 2.0 BMC listens there, and whether "
            "its firmware needs an update."
        )


class BmcNameUnknown(BmcError):
    """The BMC's host name has no address."""

    cause = "configuration"

    @classmethod
    def unresolved(cls, bmc: "BmcAddress", cause: str) -> "BmcNameUnknown":
        """What the resolver said."""
        return cls(
            f"BMC {bmc}: the host name cannot be resolved ({cause}). Correct it, or use an "
            "IP address."
        )


class BmcAddressInvalid(BmcError):
    """An address, user name, password or option that no BMC could accept."""

    cause = "configuration"


class BmcCommandWithdrawn(BmcError):
    """It was not sent (again), for the operation that wanted it is another conductor's by now."""

    cause = "internal"


class BmcBusClosed(BmcError):
    """This process is shutting down, or never reaches the BMC for a reason of its own."""

    cause = "internal"
