"""Files and trees on what the tests run on, and on Btrfs, which has reflinks."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from baremetal.stores.backends.filesystem import FileStore
from baremetal.stores.backends.tree import TreeStore
from baremetal.stores.conformance import Bench, Case


@pytest.fixture(params=[FileStore, TreeStore], ids=["file", "tree"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return Bench(request.param({"root": str(tmp_path)}))


def test_it_keeps_its_promises(store_case: Case, bench: Bench) -> None:
    store_case(bench)


def test_it_keeps_them_without_nameless_files(
    store_case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on NFS, which has no O_TMPFILE."""
    really_open = os.open

    def without(path: str, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP), path)
        return really_open(path, flags, mode)

    monkeypatch.setattr(os, "open", without)
    store_case(Bench(FileStore({"root": str(tmp_path)})))


def test_it_keeps_them_when_all_goes_to_the_disk(tmp_path: Path) -> None:
    bench = Bench(FileStore({"root": str(tmp_path), "sync": "true", "mode": "0600"}))
    name = bench.put("synced", b"on the disk")
    assert bench.get(name) == b"on the disk"
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


@pytest.fixture(scope="module")
def btrfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file system with reflinks, in a file."""
    if os.geteuid() != 0 or shutil.which("mkfs.btrfs") is None:
        pytest.skip("reflinks are NOT TESTED: that needs root and mkfs.btrfs (btrfs-progs)")
    home = tmp_path_factory.mktemp("btrfs")
    image, mount = home / "image", home / "mount"
    mount.mkdir()
    with image.open("wb") as file:
        file.truncate(256 << 20)
    subprocess.run(["mkfs.btrfs", "-q", image], check=True)
    done = subprocess.run(
        ["mount", "-o", "loop", image, mount], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"reflinks are NOT TESTED: no loop device can be mounted: {done.stderr}")
    yield mount
    subprocess.run(["umount", "-l", mount], check=True)


def test_it_keeps_its_promises_with_reflinks(store_case: Case, btrfs: Path) -> None:
    if "huge" in store_case.__qualname__:
        return
    store_case(Bench(FileStore({"root": str(btrfs)})))


def test_a_reflink_shares_its_blocks(btrfs: Path) -> None:
    bench = Bench(FileStore({"root": str(btrfs)}))
    free = os.statvfs(btrfs).f_bavail
    name = bench.put("shared", os.urandom(60 << 20))
    for number in range(5):
        assert bench.store.copy(name, f"{name}-{number}") == "reflink"
    os.sync()
    taken = (free - os.statvfs(btrfs).f_bavail) * os.statvfs(btrfs).f_bsize
    assert taken < 120 << 20, "six files of 60 MiB take the room of one"
