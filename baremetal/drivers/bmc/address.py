"""Whom to speak to and what to say: values that the rest of this folder passes around."""

import enum
from dataclasses import dataclass, field
from typing import Final, Protocol

from baremetal.drivers.bmc.errors import BmcAddressInvalid

#: The cipher suites that are spoken, strongest first (IPMI 2.0, table 22-20).
CIPHER_SUITES: Final = (17, 3)

#: IPMI 2.0, 13.20 (RAKP message 1) and 22.30 (Set User Password).
MAX_USERNAME_BYTES: Final = 16
MAX_PASSWORD_BYTES: Final = 20


class Privilege(enum.StrEnum):
    """What a session may do (IPMI 2.0, 6.8)."""

    CALLBACK = "CALLBACK"
    USER = "USER"
    OPERATOR = "OPERATOR"
    ADMINISTRATOR = "ADMINISTRATOR"


@dataclass(frozen=True, slots=True)
class BmcAddress:
    """A BMC and how to log in to it.

    `cipher_suite` None means: find out, and remember. `kg` is the BMC's key for two-key
    login, for the few that have one set.

    :raises BmcAddressInvalid: for what no BMC could accept
    """

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    privilege: Privilege = Privilege.ADMINISTRATOR
    cipher_suite: int | None = None
    kg: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        problem = self._problem()
        if problem:
            raise BmcAddressInvalid(f"BMC {self}: {problem}")

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def _problem(self) -> str | None:
        problem = None
        if not self.host:
            problem = "the host is empty; give a name or an IP address"
        elif not 0 < self.port < 65536:
            problem = f"port {self.port} is not between 1 and 65535"
        elif len(self.username.encode()) > MAX_USERNAME_BYTES:
            problem = f"the user name has more than {MAX_USERNAME_BYTES} bytes, IPMI 2.0's limit"
        elif len(self.password.encode()) > MAX_PASSWORD_BYTES:
            problem = f"the password has more than {MAX_PASSWORD_BYTES} bytes, IPMI 2.0's limit"
        elif self.cipher_suite not in (None, *CIPHER_SUITES):
            problem = (
                f"cipher suite {self.cipher_suite} is not spoken; use 17 or 3, or leave it out"
            )
        elif self.kg is not None and not 0 < len(self.kg) <= MAX_PASSWORD_BYTES:
            problem = f"the Kg key has {len(self.kg)} bytes, not 1 to {MAX_PASSWORD_BYTES}"
        return problem


@dataclass(frozen=True, slots=True)
class RawCommand:
    """One IPMI request.

    `repeatable` says that carrying it out twice is as good as once. A command that is
    not (reset, power cycle) is never sent in a new packet after silence, because the
    BMC may have obeyed already.
    """

    netfn: int
    command: int
    data: bytes = b""
    lun: int = 0
    repeatable: bool = True


class CommandBus(Protocol):
    """Whatever carries a command to a BMC: the `IpmiBus`, or a test's own."""

    def execute(self, bmc: BmcAddress, command: RawCommand, timeout: float = 30.0) -> bytes:
        """The data of the BMC's answer, without the completion code.

        :raises BmcError: in one of its kinds
        """
        ...
