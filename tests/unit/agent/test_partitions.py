"""Partition tables, on files as disks; what is written is read by the rules of the standards."""

import struct
import uuid
import zlib
from pathlib import Path

import pytest

from baremetal.agent import erase
from baremetal.agent.block import MIB, Disk
from baremetal.agent.failure import StepFailed
from baremetal.agent.partitions import SECTOR, Extent, add_at_end, partitions

LINUX = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4").bytes_le
FIRST = Extent(MIB, 4 * MIB)


def mbr(*parts: tuple[int, Extent]) -> bytes:
    table = bytearray(SECTOR)
    for number, (kind, extent) in enumerate(parts):
        start, count = extent.start // SECTOR, extent.length // SECTOR
        struct.pack_into("<BxxxBxxxII", table, 446 + 16 * number, 0, kind, start, count)
    table[510:] = b"\x55\xaa"
    return bytes(table)


def gpt(sectors: int) -> bytes:
    """The front of an image of so many sectors, with one partition."""
    entries = bytearray(128 * 128)
    first, last = FIRST.start // SECTOR, FIRST.end // SECTOR - 1
    struct.pack_into("<16s16sQQ", entries, 0, LINUX, b"\x01" * 16, first, last)
    front = mbr((0xEE, Extent(SECTOR, (sectors - 1) * SECTOR)))
    return front + gpt_header(bytes(entries), sectors).ljust(SECTOR, b"\x00") + entries


def gpt_header(entries: bytes, sectors: int) -> bytes:
    def header(checksum: int) -> bytes:
        places = (1, sectors - 1, 34, sectors - 34)
        tail = (2, 128, 128, zlib.crc32(entries))
        body = struct.pack("<8sIII4xQQQQ", b"EFI PART", 0x10000, 92, checksum, *places)
        return body + struct.pack("<16sQIII", b"\x02" * 16, *tail)

    return header(zlib.crc32(header(0)))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "disk"
    with path.open("wb") as out:
        out.truncate(64 * MIB)
    return path


def test_a_partition_is_added_to_an_mbr(file: Path) -> None:
    with Disk(str(file)) as disk:
        disk.write(0, mbr((0x83, FIRST)))
        added = add_at_end(disk, 300_000, "config-2")
        assert added == Extent(63 * MIB, MIB)
        assert partitions(disk) == [FIRST, added]


def test_a_partition_is_added_to_a_gpt_whose_copy_moves_to_the_end(file: Path) -> None:
    with Disk(str(file)) as disk:
        disk.write(0, gpt(16 * MIB // SECTOR))
        added = add_at_end(disk, MIB, "config-2")
        assert partitions(disk) == [FIRST, added]
        assert added == Extent(62 * MIB, MIB), "the copy of the table is behind it"
        sectors = disk.size // SECTOR
        front, back = disk.read(SECTOR, 92), disk.read(disk.size - SECTOR, 92)
        for header, mine, other in ((front, 1, sectors - 1), (back, sectors - 1, 1)):
            signature, checksum, *lbas = struct.unpack_from("<8s8xI4xQQQQ", header)
            entries_lba, count, size, entries_sum = struct.unpack_from("<QIII", header, 72)
            assert signature == b"EFI PART"
            assert checksum == zlib.crc32(header[:16] + bytes(4) + header[20:])
            assert lbas == [mine, other, 34, sectors - 34]
            entries = disk.read(entries_lba * SECTOR, count * size)
            assert entries_sum == zlib.crc32(entries)
            assert entries[128 + 56 : 256].decode("utf-16-le").rstrip("\x00") == "config-2"


@pytest.mark.parametrize(
    "front",
    [
        bytes(SECTOR),
        mbr(*[(0x83, FIRST)] * 4),
        mbr((0x83, Extent(MIB, 63 * MIB))),
        gpt(1000)[: SECTOR + 20] + b"damaged",
    ],
    ids=["no table", "four", "no room", "damaged"],
)
def test_where_it_cannot_be_added_the_disk_stays_as_it_is(file: Path, front: bytes) -> None:
    with Disk(str(file)) as disk:
        disk.write(0, front)
        before = file.read_bytes()
        with pytest.raises(StepFailed):
            add_at_end(disk, MIB, "config-2")
    assert file.read_bytes() == before


def test_metadata_are_erased_within_partitions_too(file: Path) -> None:
    data = b"\xaa" * MIB
    with Disk(str(file)) as disk:
        for position in range(0, disk.size, MIB):
            disk.write(position, data)
        disk.write(0, mbr((0x83, Extent(8 * MIB, 8 * MIB))))
        erase.erase_metadata(disk)
    now = file.read_bytes()
    left = [n for n in range(64) if now[n * MIB : (n + 1) * MIB] == data]
    assert left == [n for n in range(64) if n not in (0, 8, 15, 63)]


def test_all_is_erased_and_told(file: Path) -> None:
    told: list[int] = []
    with Disk(str(file)) as disk:
        disk.write(5 * MIB + 1, b"secret")
        erase.erase_all(disk, told.append)
    assert file.read_bytes() == bytes(64 * MIB)
    assert told[-1] == 64 * MIB
