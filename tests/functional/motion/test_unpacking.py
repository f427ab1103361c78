"""What is packed is unpacked on the way, or refused with the reason."""

import bz2
import gzip
import hashlib
import lzma
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from baremetal.domain.errors import InvalidInput
from baremetal.motion import Wishes, transfer, unpacking
from baremetal.stores import locate
from baremetal.stores.errors import DigestMismatch, HostileImage

_PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}
#: Neither random nor all alike.
_DATA = b"".join(bytes([number % 251]) * (number % 5000) for number in range(3000)) + bytes(1 << 20)


@pytest.fixture(params=sorted(_PACKERS))
def packer(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _packed(here: Path, packer: str, *texts: bytes) -> Path:
    path = here / f"packed.{packer}"
    path.write_bytes(b"".join(_PACKERS[packer](text) for text in texts))
    return path


@pytest.mark.parametrize("unpack", ["auto", "named"])
def test_it_is_unpacked(here: Path, packer: str, unpack: str) -> None:
    path = _packed(here, packer, _DATA)
    promised = hashlib.sha256(path.read_bytes()).hexdigest()
    wishes = Wishes(
        unpack=packer if unpack == "named" else "auto",
        expected={"sha256": promised},
        hashes=("sha256", "sha512"),
    )
    done = transfer(locate(str(path)), locate(str(here / "b")), wishes)
    assert (here / "b").read_bytes() == _DATA
    assert done.digests["sha256"] == hashlib.sha256(_DATA).hexdigest()
    assert done.size == len(_DATA)


def test_several_in_a_row_are_one(here: Path, packer: str) -> None:
    path = _packed(here, packer, b"one " * 1000, b"", b"two " * 100_000)
    transfer(locate(str(path)), locate(str(here / "b")), Wishes(unpack="auto"))
    assert (here / "b").read_bytes() == b"one " * 1000 + b"two " * 100_000


def test_another_packed_file_than_was_promised_is_refused(here: Path, packer: str) -> None:
    path = _packed(here, packer, _DATA)
    with pytest.raises(DigestMismatch):
        transfer(
            locate(str(path)),
            locate(str(here / "b")),
            Wishes(unpack="auto", expected={"sha256": "0" * 64}),
        )
    assert not (here / "b").exists()


def test_what_is_cut_off_is_refused(here: Path, packer: str) -> None:
    path = _packed(here, packer, random.Random(1).randbytes(1 << 20))
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(InvalidInput, match=f"cannot be unpacked as {packer}"):
        transfer(locate(str(path)), locate(str(here / "b")), Wishes(unpack=packer))
    assert not (here / "b").exists()


def test_what_is_not_packed_passes_as_it_is(here: Path) -> None:
    path = here / "plain"
    path.write_bytes(b"plain")
    done = transfer(locate(str(path)), locate(str(here / "b")), Wishes(unpack="auto"))
    assert (here / "b").read_bytes() == b"plain"
    assert done.strategy == "kernel copy"


def test_a_packer_that_nobody_knows_is_named(here: Path) -> None:
    path = here / "a.bz2"
    path.write_bytes(bz2.compress(b"x"))
    with pytest.raises(InvalidInput, match="'bzip2' cannot be unpacked; gzip, xz, zstd can"):
        transfer(locate(str(path)), locate(str(here / "b")), Wishes(unpack="bzip2"))


def test_what_becomes_too_large_is_refused(here: Path, packer: str) -> None:
    path = _packed(here, packer, bytes(8 << 20))
    with pytest.raises(HostileImage, match="more than the 1000000 bytes"):
        transfer(
            locate(str(path)), locate(str(here / "b")), Wishes(unpack="auto", max_size=1_000_000)
        )
    assert not (here / "b").exists()


def test_a_bomb_is_refused(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "_FREE", 1 << 20)
    monkeypatch.setattr(unpacking, "_RATIO", 5000)
    path = _packed(here, "zstd", bytes(64 << 20))
    with pytest.raises(HostileImage, match="this is a bomb"):
        transfer(locate(str(path)), locate(str(here / "b")), Wishes(unpack="auto"))
    assert not (here / "b").exists()
