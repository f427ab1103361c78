"""What a rack is: plain data that its commands write and its supervisor reads."""

import json
import secrets
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

#: The network that the machines' cards are on; whoever serves them listens at the address.
BRIDGE = "br0"
ADDRESS = "172.30.0.1"
PREFIX = 24
ADDRESS_V6 = "fd00:30::1"
PREFIX_V6 = 64
MOST_MACHINES = 200

FIRMWARES = ("bios", "uefi")
NICS = ("virtio", "e1000")
DISKS = ("virtio", "ide", "nvme")

BMC_PORT = 623
#: The Redfish service of all machines, within the rack's network.
REDFISH_ADDRESS = "127.0.0.10"
REDFISH_PORT = 8000

_FIRST_BMC = 10
_FILE = "rack.json"


@dataclass(frozen=True, slots=True)
class Shape:
    """What each machine of a rack is made of."""

    memory_mib: int = 512
    firmware: str = "bios"
    nic: str = "virtio"
    disk: str = "virtio"
    disk_gib: int = 4


@dataclass(frozen=True, slots=True)
class RackMachine:
    """One machine, by its number from 1."""

    number: int

    @property
    def name(self) -> str:
        """Of the machine, and of its node when it is enrolled."""
        return f"rack-{self.number}"

    @property
    def mac(self) -> str:
        """Of its one card."""
        return f"52:54:00:1a:00:{self.number:02x}"

    @property
    def uuid(self) -> uuid.UUID:
        """What its firmware and its BMC say."""
        return uuid.uuid5(uuid.NAMESPACE_DNS, f"{self.name}.{self.mac}")

    @property
    def serial_number(self) -> str:
        """What is printed on it, and with a D before it on its disk."""
        return self.uuid.hex[:12].upper()

    @property
    def tap(self) -> str:
        """The other end of its card."""
        return f"tap{self.number}"

    @property
    def bmc_address(self) -> str:
        """Where its BMC listens, on port 623, within the rack's network."""
        return f"127.0.0.{_FIRST_BMC + self.number}"


@dataclass(frozen=True, slots=True)
class RackDescription:
    """A rack: how many machines, of which shape, and who may command their BMCs."""

    count: int
    shape: Shape = Shape()
    username: str = "admin"
    # BMCs take up to 20 bytes.
    password: str = field(default_factory=lambda: secrets.token_hex(8), repr=False)

    @property
    def machines(self) -> Iterator[RackMachine]:
        """All of them."""
        return map(RackMachine, range(1, self.count + 1))

    def write(self, home: Path) -> None:
        """Keep it in the rack's directory; the owner alone may read it."""
        path = home / _FILE
        path.touch(0o600)
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, home: Path) -> Self:
        """What was written there.

        :raises FileNotFoundError: there is no rack.
        """
        data: dict[str, Any] = json.loads((home / _FILE).read_text())
        return cls(**{**data, "shape": Shape(**data["shape"])})
