import pytest

from baremetal.domain.root_device import (
    GIB,
    BadHint,
    Disk,
    NoSuchDisk,
    check_hints,
    root_disk,
)

SYSTEM: Disk = {
    "name": "/dev/sda",
    "size": 480 * GIB,
    "model": "INTEL SSDSC2KB48",
    "vendor": "ATA",
    "serial": "PHYF1234",
    "wwn": "0x55cd2e414d3c7f0a",
    "rotational": False,
    "hctl": "0:0:0:0",
    "by_path": "/dev/disk/by-path/pci-0000:00:1f.2-ata-1",
}
DATA: Disk = {
    **SYSTEM,
    "name": "/dev/sdb",
    "size": 4000 * GIB,
    "model": "ST4000NM",
    "serial": "ZC12",
    "wwn": None,
    "rotational": True,
    "hctl": "1:0:0:0",
}
STICK: Disk = {**SYSTEM, "name": "/dev/sdc", "size": 2 * GIB, "model": "Stick"}
DISKS = [DATA, SYSTEM, STICK]


def test_without_hints_it_is_the_smallest_that_is_large_enough() -> None:
    assert root_disk(DISKS, None) is SYSTEM
    with pytest.raises(NoSuchDisk, match=r"/dev/sdc of 2\.0 GiB"):
        root_disk([STICK], {})


@pytest.mark.parametrize(
    ("hints", "wanted"),
    [
        ({"name": "/dev/sdc"}, STICK),
        ({"serial": "zc12"}, DATA),
        ({"rotational": "true"}, DATA),
        ({"rotational": False, "size": 2}, STICK),
        ({"size": ">= 400"}, DATA),
        ({"size": "= 400"}, DATA),
        ({"size": "<= 3"}, STICK),
        ({"size": "<or> 2 <or> 3"}, STICK),
        ({"size": "<range-in> [ 400 500 ]"}, SYSTEM),
        ({"size": "<range-in> ( 2 480 ]"}, SYSTEM),
        ({"model": "s== intel ssdsc2kb48"}, SYSTEM),
        ({"model": "<in> ssd"}, SYSTEM),
        ({"model": "<all-in> intel <all-in> kb48"}, SYSTEM),
        ({"model": "<or> nothing <or> st4000nm"}, DATA),
        ({"model": "s!= ST4000NM"}, SYSTEM),
        ({"wwn": "0x55CD2E414D3C7F0A", "hctl": "0:0:0:0"}, SYSTEM),
        ({"by_path": "<in> ata-1", "size": ">= 1000"}, DATA),
    ],
)
def test_all_hints_must_fit(hints: dict[str, object], wanted: Disk) -> None:
    assert root_disk(DISKS, hints) is wanted


def test_what_a_disk_does_not_say_fits_no_hint() -> None:
    with pytest.raises(NoSuchDisk, match="root_device"):
        root_disk([DATA], {"wwn": "s!= 0x1"})


@pytest.mark.parametrize(
    "hints",
    [
        {"colour": "red"},
        {"size": "large"},
        {"size": "<in> 4"},
        {"rotational": "perhaps"},
        {"serial": ">= many"},
        "first",
    ],
)
def test_what_cannot_be_understood_is_told_at_once(hints: object) -> None:
    with pytest.raises(BadHint):
        check_hints(hints)
