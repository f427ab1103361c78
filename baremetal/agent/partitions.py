"""Partition tables: what is on a disk, and one more partition at its end.

MBR as the PC BIOS has it; GPT as UEFI 2.10, chapter 5, has it. A sector is 512 bytes.
"""

import struct
import uuid
import zlib
from dataclasses import dataclass
from typing import Final

from baremetal.agent.block import MIB, Disk
from baremetal.agent.failure import StepFailed

SECTOR: Final = 512
_MBR_SIGNATURE: Final = b"\x55\xaa"
_MBR_TABLE: Final = 446
_MBR_LINUX: Final = 0x83
_MBR_PROTECTIVE: Final = 0xEE
_MBR_EXTENDED: Final = (0x05, 0x0F, 0x85)
#: CHS addresses that say: look at the LBA instead.
_NO_CHS: Final = b"\xfe\xff\xff"
_GPT_SIGNATURE: Final = b"EFI PART"
_GPT_HEADER: Final = "<8sIII4xQQQQ16sQIII"
_GPT_HEADER_SIZE: Final = 92
_GPT_ENTRY: Final = 128
_GPT_LINUX: Final = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")


@dataclass(frozen=True, slots=True)
class Extent:
    """Bytes of a disk."""

    start: int
    length: int

    @property
    def end(self) -> int:
        """The first byte after it."""
        return self.start + self.length


def partitions(disk: Disk) -> list[Extent]:
    """Where partitions are, as the table on the disk says; none where there is no table."""
    mbr = disk.read(0, SECTOR)
    if len(mbr) < SECTOR or mbr[510:] != _MBR_SIGNATURE:
        return []
    entries = _mbr_entries(mbr)
    if any(kind == _MBR_PROTECTIVE for kind, _ in entries):
        table = _Gpt.read(disk)
        return table.extents() if table else []
    return [extent for kind, extent in entries if kind and extent.length]


def add_at_end(disk: Disk, length: int, name: str) -> Extent:
    """Make a partition of at least `length` bytes at the disk's end; where it is.

    :raises StepFailed: there is no table, or no room in it or on the disk.
    """
    length = -(-length // MIB) * MIB
    mbr = disk.read(0, SECTOR)
    if mbr[510:] != _MBR_SIGNATURE:
        raise StepFailed(f"{disk.path} has no partition table, so nothing can be added to it.")
    if any(kind == _MBR_PROTECTIVE for kind, _ in _mbr_entries(mbr)):
        table = _Gpt.read(disk)
        if table is None:
            raise StepFailed(f"The GPT on {disk.path} is damaged.")
        return table.add(disk, length, name)
    return _add_to_mbr(disk, mbr, length)


def _mbr_entries(mbr: bytes) -> list[tuple[int, Extent]]:
    """Type and place of the four primary partitions."""
    found = []
    for number in range(4):
        at = _MBR_TABLE + 16 * number
        start, count = struct.unpack_from("<II", mbr, at + 8)
        found.append((mbr[at + 4], Extent(start * SECTOR, count * SECTOR)))
    return found


def _add_to_mbr(disk: Disk, mbr: bytes, length: int) -> Extent:
    entries = _mbr_entries(mbr)
    free = [number for number, (kind, extent) in enumerate(entries) if not kind]
    if not free:
        raise StepFailed(f"All four primary partitions of {disk.path} are taken.")
    place = _place(disk, [extent for kind, extent in entries if kind], disk.size, length)
    # Beyond 2 TiB an MBR cannot point.
    if place.end > 0xFFFFFFFF * SECTOR:
        raise StepFailed(f"{disk.path} is too large for its MBR to reach its end.")
    at = _MBR_TABLE + 16 * free[0]
    body = (_NO_CHS, _MBR_LINUX, _NO_CHS, place.start // SECTOR, length // SECTOR)
    entry = struct.pack("<B3sB3sII", 0, *body)
    disk.write(0, mbr[:at] + entry + mbr[at + 16 :])
    return place


def _place(disk: Disk, taken: list[Extent], end: int, length: int) -> Extent:
    place = Extent((end - length) // MIB * MIB, length)
    if place.start < max((extent.end for extent in taken), default=MIB):
        raise StepFailed(
            f"{disk.path} has no {length // MIB} MiB left behind the image's partitions."
        )
    return place


class _Gpt:
    """A GUID partition table: a header and entries at the front, and copies at the end."""

    def __init__(self, header: tuple[int, ...], guid: bytes, entries: bytearray) -> None:
        (self._revision, self._first_usable, self._entries_lba) = header
        self._guid = guid
        self._entries = entries

    @classmethod
    def read(cls, disk: Disk) -> "_Gpt | None":
        """The primary one; None where it is damaged."""
        raw = disk.read(SECTOR, SECTOR)
        if len(raw) < SECTOR or not raw.startswith(_GPT_SIGNATURE):
            return None
        fields = struct.unpack_from(_GPT_HEADER, raw)
        size, checksum, count, entry = fields[2], fields[3], fields[10], fields[11]
        bare = bytearray(raw[:size])
        bare[16:20] = bytes(4)
        if size < _GPT_HEADER_SIZE or zlib.crc32(bare) != checksum or entry != _GPT_ENTRY:
            return None
        entries = bytearray(disk.read(fields[9] * SECTOR, count * entry))
        if zlib.crc32(entries) != fields[12]:
            return None
        return cls((fields[1], fields[6], fields[9]), fields[8], entries)

    def extents(self) -> list[Extent]:
        """Of its partitions."""
        found = []
        for at in range(0, len(self._entries), _GPT_ENTRY):
            if any(self._entries[at : at + 16]):
                first, last = struct.unpack_from("<QQ", self._entries, at + 32)
                found.append(Extent(first * SECTOR, (last - first + 1) * SECTOR))
        return found

    def add(self, disk: Disk, length: int, name: str) -> Extent:
        """Add a partition, and put the copy where it belongs: to the end of this very disk.

        :raises StepFailed: there is no room.
        """
        free = [
            at
            for at in range(0, len(self._entries), _GPT_ENTRY)
            if not any(self._entries[at : at + 16])
        ]
        if not free:
            raise StepFailed(f"All partitions of the GPT on {disk.path} are taken.")
        sectors = disk.size // SECTOR
        copy = len(self._entries) // SECTOR
        last_usable = sectors - 2 - copy
        place = _place(disk, self.extents(), (last_usable + 1) * SECTOR, length)
        first = place.start // SECTOR
        self._entries[free[0] : free[0] + _GPT_ENTRY] = struct.pack(
            "<16s16sQQQ72s",
            _GPT_LINUX.bytes_le,
            uuid.uuid4().bytes_le,
            first,
            first + length // SECTOR - 1,
            0,
            name.encode("utf-16-le")[:72],
        )
        self._write(disk, (1, sectors - 1), self._entries_lba, last_usable)
        self._write(disk, (sectors - 1, 1), last_usable + 1, last_usable)
        return place

    def _write(self, disk: Disk, lbas: tuple[int, int], entries_lba: int, last: int) -> None:
        """Write the entries, and then the header, which is at the first LBA of `lbas`."""
        usable = (self._first_usable, last)
        entries = (entries_lba, len(self._entries) // _GPT_ENTRY, _GPT_ENTRY)

        def header(checksum: int) -> bytes:
            return struct.pack(
                _GPT_HEADER,
                _GPT_SIGNATURE,
                self._revision,
                _GPT_HEADER_SIZE,
                checksum,
                *lbas,
                *usable,
                self._guid,
                *entries,
                zlib.crc32(self._entries),
            )

        disk.write(entries_lba * SECTOR, self._entries)
        disk.write(lbas[0] * SECTOR, header(zlib.crc32(header(0))).ljust(SECTOR, b"\x00"))
