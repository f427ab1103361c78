"""Images are converted on the way, and hostile ones never reach a tool."""

import hashlib
import json
import lzma
import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from baremetal.motion import Wishes, transfer
from baremetal.stores import DataObject, locate
from baremetal.stores.errors import DigestMismatch, HostileImage, StoreError
from devstack.nginx import NginxServer
from tests.support.stores import PARTS, DistantStore

pytestmark = pytest.mark.usefixtures("qemu")
_MIB = 1 << 20


@pytest.fixture
def disk(here: Path) -> Path:
    """24 MiB, most of them holes."""
    path = here / "disk"
    with path.open("wb") as file:
        file.truncate(24 * _MIB)
        for at in (0, 5 * _MIB + 512, 20 * _MIB):
            file.seek(at)
            file.write(random.Random(at).randbytes(700_000))
    return path


def _image(disk: Path, form: str, *options: str) -> Path:
    path = disk.with_name(f"image.{form}")
    command = ["qemu-img", "convert", "-f", "raw", "-O", form, *options, str(disk), str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path


def _info(path: Path) -> dict[str, object]:
    done = subprocess.run(
        ["qemu-img", "info", "--output=json", str(path)], check=True, capture_output=True
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("qcow2", ()),
        ("qcow2", ("-c",)),
        ("qcow2", ("-o", "compat=0.10")),
        ("vmdk", ()),
        ("vmdk", ("-o", "subformat=streamOptimized")),
        ("vhdx", ()),
        ("vdi", ()),
        ("vpc", ()),
    ],
    ids=["qcow2", "packed", "old", "vmdk", "streamed", "vhdx", "vdi", "vhd"],
)
def test_the_disk_in_an_image_arrives(
    disk: Path, here: Path, form: str, options: tuple[str, ...]
) -> None:
    image, target = _image(disk, form, *options), here / "raw"
    said = {"vpc": "vhd"}.get(form, form)
    wishes = Wishes(source_format=said, target_format="raw", hashes=("sha256",))
    done = transfer(locate(str(image)), locate(str(target)), wishes)
    data = target.read_bytes()
    assert data[: 24 * _MIB] == disk.read_bytes()
    assert not any(data[24 * _MIB :]), "a vhd rounds up"
    assert done.digests["sha256"] == hashlib.sha256(data).hexdigest()
    assert target.stat().st_blocks * 512 < 5 * _MIB, "holes stay holes"


def test_an_image_of_a_disk_is_made(disk: Path, here: Path) -> None:
    target = here / "made.qcow2"
    transfer(locate(str(disk)), locate(str(target)), Wishes(target_format="qcow2"))
    assert _info(target)["format"] == "qcow2"
    transfer(locate(str(target)), locate(str(here / "back")), Wishes(target_format="raw"))
    assert (here / "back").read_bytes() == disk.read_bytes()
    assert sorted(path.name for path in here.iterdir()) == ["back", "disk", "made.qcow2"]


def test_what_is_raw_already_is_only_copied(disk: Path, here: Path) -> None:
    wishes = Wishes(source_format="raw", target_format="raw")
    done = transfer(locate(str(disk)), locate(str(here / "b")), wishes)
    assert done.strategy == "kernel copy"


@pytest.mark.parametrize("can", ["any", "parts"])
def test_a_packed_image_comes_from_afar(
    disk: Path, here: Path, nginx: NginxServer, can: str
) -> None:
    packed = nginx.files / f"{can}.qcow2.xz"
    packed.write_bytes(lzma.compress(_image(disk, "qcow2").read_bytes(), preset=0))
    store = DistantStore({"root": str(here)}, PARTS) if can == "parts" else None
    target = DataObject(store, "raw") if store else locate(str(here / "raw"))
    wishes = Wishes(
        unpack="auto",
        target_format="raw",
        hashes=("sha256",),
        expected={"sha512": hashlib.sha512(packed.read_bytes()).hexdigest()},
        scratch=here,
    )
    done = transfer(locate(f"{nginx.url}/{packed.name}"), target, wishes)
    assert (here / "raw").read_bytes() == disk.read_bytes()
    assert done.digests["sha256"] == hashlib.sha256(disk.read_bytes()).hexdigest()


def _backing(disk: Path) -> Path:
    path = disk.with_name("image.qcow2")
    command = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", "/etc/passwd"]
    subprocess.run([*command, str(path), "1M"], check=True)
    return path


def _data_file(disk: Path) -> Path:
    return _image(disk, "qcow2", "-o", f"data_file={disk.with_name('outside')}")


def _external_extent(disk: Path) -> Path:
    path = disk.with_name("image.vmdk")
    text = '# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType="vmfs"\n'
    path.write_text(text + 'RW 2048 FLAT "/etc/passwd" 0\n')
    return path


def _twisted_extent(disk: Path) -> Path:
    """A true VMDK whose descriptor names somebody else's file, of the same length."""
    path = _image(disk, "vmdk")
    data = path.read_bytes()
    begin = data.index(b'SPARSE "')
    end = data.index(b"\n", begin)
    twisted = b'SPARSE "/etc/passwd"'
    path.write_bytes(data[:begin] + twisted.ljust(end - begin) + data[end:])
    return path


def _two_in_one(disk: Path) -> Path:
    """An ISO that is a qcow2 image too."""
    path = _image(disk, "qcow2")
    with path.open("r+b") as file:
        file.seek(32769)
        file.write(b"CD001")
    return path


@pytest.mark.parametrize(
    ("make", "declared", "reason"),
    [
        (_backing, "qcow2", "backing_file"),
        (_backing, None, "backing_file"),
        (_data_file, "qcow2", "data_file"),
        (_external_extent, "vmdk", r"said to be vmdk|createType|descriptor|refused"),
        (_twisted_extent, "vmdk", "descriptor"),
        (_two_in_one, "qcow2", "Multiple formats"),
        (lambda disk: _image(disk, "qcow2"), "raw", "said to be raw, but is qcow2"),
        (lambda disk: disk, "qcow2", "said to be qcow2, but is raw"),
        (lambda disk: _image(disk, "qed"), None, "format qed cannot be converted"),
    ],
    ids=[
        "backing file",
        "backing file undeclared",
        "data file",
        "external extent",
        "twisted extent",
        "two in one",
        "qcow2 as raw",
        "raw as qcow2",
        "qed",
    ],
)
def test_a_hostile_image_is_refused(
    disk: Path,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Path], Path],
    declared: str | None,
    reason: str,
) -> None:
    image = make(disk)
    monkeypatch.setenv("PATH", "/nowhere")  # no tool can be run, so none is
    before = sorted(path.name for path in here.iterdir())
    with pytest.raises(HostileImage, match=reason):
        transfer(
            locate(str(image)),
            locate(str(here / "b")),
            Wishes(source_format=declared, target_format="raw"),
        )
    assert sorted(path.name for path in here.iterdir()) == before


def test_a_disk_that_is_too_large_is_refused(here: Path) -> None:
    image = here / "huge.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(image), "8T"], check=True)
    wishes = Wishes(target_format="raw", max_size=1 << 40)
    with pytest.raises(HostileImage, match="8796093022208 bytes long, more than"):
        transfer(locate(str(image)), locate(str(here / "b")), wishes)
    assert not (here / "b").exists()


def test_an_image_that_was_not_expected_is_not_opened(
    disk: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = _image(disk, "qcow2")
    monkeypatch.setenv("PATH", "/nowhere")
    for source in (locate(str(image)), DataObject(DistantStore(), str(image))):
        with pytest.raises(DigestMismatch):
            transfer(
                source,
                locate(str(here / "b")),
                Wishes(target_format="raw", expected={"sha256": "0"}, scratch=here),
            )
    assert not (here / "b").exists()


def test_a_broken_image_is_told_in_qemus_words(disk: Path, here: Path) -> None:
    image = _image(disk, "qcow2")
    os.truncate(image, 70_000)
    with pytest.raises(StoreError, match=r"broken, or cut off.*QEMU says"):
        transfer(locate(str(image)), locate(str(here / "b")), Wishes(target_format="raw"))
    assert not (here / "b").exists()
