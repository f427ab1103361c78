"""What a BMC manages: the contract between a BMC and the machine that it sits in."""

import enum
from typing import NamedTuple, Protocol

from baremetal.simulator.bmc.boot_options import BootOptions


class PowerAction(enum.IntEnum):
    """What Chassis Control can ask for (IPMI 2.0, 28.3)."""

    OFF = 0
    ON = 1
    CYCLE = 2
    RESET = 3
    DIAGNOSTIC = 4
    SOFT_OFF = 5


class WrongState(Exception):
    """The chassis cannot do this now: it is off."""


class Identity(NamedTuple):
    """What the BMC says of itself and of the machine."""

    guid: bytes
    manufacturer: str
    product: str
    serial: str
    mac: str


class Chassis(Protocol):
    """The machine as its BMC sees it."""

    @property
    def powered_on(self) -> bool:
        """Whether the machine has power."""

    @property
    def boot_options(self) -> BootOptions:
        """What the firmware will read at the next boot."""

    @property
    def identity(self) -> Identity:
        """What is printed on the machine."""

    def control(self, action: PowerAction) -> None:
        """Begin the action; the state follows, now or later.

        :raises WrongState: the machine is off and the action needs it on.
        """
