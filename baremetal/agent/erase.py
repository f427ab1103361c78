"""What was on a disk goes: the traces that make anybody see partitions and file systems, or all."""

from typing import Final

from baremetal.agent import partitions
from baremetal.agent.block import MIB, Disk, Report

#: At both ends: tables, their copies, superblocks, and what RAID and LVM leave.
_EDGE: Final = MIB


def erase_metadata(disk: Disk) -> None:
    """Zero both ends of the disk and of each partition.

    Inside partitions too: the next image may have one at the same place.
    """
    for extent in partitions.partitions(disk):
        _erase_ends(disk, extent.start, extent.length)
    _erase_ends(disk, 0, disk.size)
    disk.flush()


def erase_all(disk: Disk, report: Report) -> None:
    """Zero every byte; `report` is told how many are."""
    disk.zero(0, disk.size, report)
    disk.flush()


def _erase_ends(disk: Disk, start: int, length: int) -> None:
    length = min(length, disk.size - start)
    if length <= 0:
        return
    disk.zero(start, min(_EDGE, length))
    if length > _EDGE:
        # From a boundary of 4 KiB on, so that the disk can do it by itself.
        tail = max(start, (start + length - _EDGE) // 4096 * 4096)
        disk.zero(tail, start + length - tail)
