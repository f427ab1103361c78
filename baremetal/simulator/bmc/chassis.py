"""What a BMC manages: the contract between a BMC and the machine that it sits in."""

import enum
from collections.abc import Callable
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


class SerialLine(Protocol):
    """The machine's serial port, as seen from its other end; one listens at a time."""

    def listen(self, heard: Callable[[bytes], None]) -> None:
        """Call `heard` with all that the machine says from now on."""

    def leave(self) -> None:
        """Hear no more."""

    def write(self, data: bytes) -> None:
        """Type what the machine will read; lost where it does not run."""


class MediumError(Exception):
    """The medium cannot be had; the message says why."""


class MediaDrive(Protocol):
    """A drive whose medium is an image that is somewhere else."""

    @property
    def image(self) -> str:
        """The URL of what is in it; empty where nothing is."""

    async def insert(self, image: str, access: tuple[str, str] | None) -> None:
        """Put an image in, instead of another; `access` is user name and password for it.

        :raises MediumError: it cannot be read.
        """

    async def eject(self) -> None:
        """Take it out; nothing happens where nothing is in it."""


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

    @property
    def serial(self) -> SerialLine | None:
        """Its serial port; None where it has none."""

    @property
    def media(self) -> MediaDrive | None:
        """Its drive for virtual media; None where it has none."""

    def control(self, action: PowerAction) -> None:
        """Begin the action; the state follows, now or later.

        :raises WrongState: the machine is off and the action needs it on.
        """
