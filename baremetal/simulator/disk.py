"""What is on a machine's disks, so that a test can ask."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from baremetal.simulator.description import GIB, MIB, DiskModel

_SMALLEST_ROOT = 4 * GIB


class NoSuchDisk(Exception):
    """No disk fits the hints."""


class Erasure(enum.Enum):
    """How thoroughly what was on a disk before is gone."""

    NONE = "none"
    METADATA = "metadata"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class DiskContent:
    """An image on a disk.

    :ivar complete: False while it is being written, and for ever if that was cut off.
    """

    image_source: str
    image_checksum: str | None
    size_mib: int
    complete: bool = False
    config_drive: bool = False
    bootloader: bool = False


class Disk:
    """One disk: its model, its content and how it was last erased."""

    __slots__ = ("content", "erased", "model", "serial")

    def __init__(self, model: DiskModel, serial: str) -> None:
        self.model = model
        self.serial = serial
        self.content: DiskContent | None = None
        self.erased = Erasure.NONE

    @property
    def size_mib(self) -> int:
        """The size in MiB, rounded down."""
        return self.model.size // MIB

    @property
    def bootable(self) -> bool:
        """Whether firmware finds a whole operating system on it."""
        return self.content is not None and self.content.complete

    def erase(self, erasure: Erasure) -> None:
        """Take the content away."""
        self.content = None
        self.erased = erasure

    def begin_image(self, source: str, checksum: str | None, size_mib: int) -> None:
        """Start to overwrite the disk: what was there is lost from now on."""
        self.content = DiskContent(source, checksum, size_mib)
        self.erased = Erasure.NONE

    def finish_image(self) -> None:
        """Note that the whole image is there."""
        if self.content:
            self.content = replace(self.content, complete=True)

    def add_config_drive(self) -> None:
        """Note that a config drive is beside the image."""
        if self.content:
            self.content = replace(self.content, config_drive=True)

    def add_bootloader(self) -> None:
        """Note that a boot loader was installed for the image."""
        if self.content:
            self.content = replace(self.content, bootloader=True)


def root_disk(disks: Sequence[Disk], hints: Mapping[str, object] | None) -> Disk:
    """Return the disk that fits the hints, without hints the smallest of at least 4 GiB.

    :raises NoSuchDisk: none does.
    """
    if not hints:
        large = [disk for disk in disks if disk.model.size >= _SMALLEST_ROOT]
        if not large:
            raise NoSuchDisk("no disk has 4 GiB")
        return min(large, key=lambda disk: disk.model.size)
    for disk in disks:
        facts = {
            "name": disk.model.name,
            "serial": disk.serial,
            "size": disk.model.size // GIB,
            "rotational": disk.model.rotational,
        }
        if all(name in facts and facts[name] == value for name, value in hints.items()):
            return disk
    raise NoSuchDisk(f"no disk fits root_device {dict(hints)}")
