"""A tree arrives with all that it is, and nothing is ever deleted."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from baremetal.domain.errors import NotSupported
from baremetal.motion import Outcome, Wishes, transfer
from baremetal.stores import locate
from baremetal.stores.errors import StoreError


@pytest.fixture
def tree(here: Path) -> Path:
    """One of each kind."""
    top = here / "tree"
    inner = top / "inner" / "déep"
    inner.mkdir(parents=True)
    (top / "file").write_bytes(b"plain" * 1000)
    (top / "empty").touch()
    (inner / "script").write_text("#!/bin/sh\n")
    (inner / "script").chmod(0o4755)
    (inner / "another-name").hardlink_to(top / "file")
    (top / "link").symlink_to("inner/nowhere")
    os.mkfifo(top / "fifo")
    with (top / "sparse").open("wb") as file:
        file.seek(32 << 20)
        file.write(b"end")
    os.setxattr(top / "file", "user.colour", b"blue")
    if os.geteuid() == 0:
        os.chown(inner / "script", 1234, 5678)
        (inner / "script").chmod(0o4755)
        os.mknod(top / "device", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    for path in sorted(top.rglob("*"), reverse=True):
        os.utime(path, ns=(10**18 + 1, 10**18 + len(path.name)), follow_symlinks=False)
    os.utime(top, ns=(10**18, 10**18))
    return top


def _copy(source: Path, target: Path, **wishes: object) -> Outcome:
    return transfer(
        locate(f"tree://{source}"),
        locate(f"tree://{target}"),
        Wishes(**wishes),  # type: ignore[arg-type]
    )


def _described(top: Path) -> Iterator[tuple[object, ...]]:
    for path in [top, *sorted(top.rglob("*"))]:
        found = path.lstat()
        data: object = None
        if stat.S_ISREG(found.st_mode):
            data = path.read_bytes()
        elif stat.S_ISLNK(found.st_mode):
            data = path.readlink()
        elif stat.S_ISDIR(found.st_mode):
            data = sorted(each.name for each in path.iterdir())
        xattrs = {
            name: os.getxattr(path, name, follow_symlinks=False)
            for name in os.listxattr(path, follow_symlinks=False)
        }
        size = None if stat.S_ISDIR(found.st_mode) else found.st_size
        owner = (found.st_uid, found.st_gid, found.st_mode, found.st_rdev)
        links = None if stat.S_ISDIR(found.st_mode) else found.st_nlink
        yield path.relative_to(top), owner, found.st_mtime_ns, size, links, xattrs, data


def test_a_tree_is_the_same_there(tree: Path, here: Path) -> None:
    done = _copy(tree, here / "copy", hashes=("sha256",))
    assert list(_described(here / "copy")) == list(_described(tree))
    assert done.strategy == "tree"
    assert (here / "copy" / "sparse").stat().st_blocks * 512 < 1 << 20
    assert (here / "copy" / "file").samefile(here / "copy" / "inner" / "déep" / "another-name")


def test_the_digest_tells_trees_apart(tree: Path, here: Path) -> None:
    first = _copy(tree, here / "one", hashes=("sha256",)).digests
    assert _copy(here / "one", here / "two", hashes=("sha256",)).digests == first
    (tree / "file").write_bytes(b"plaim" * 1000)
    assert _copy(tree, here / "three", hashes=("sha256",)).digests != first


def test_what_is_there_already_is_not_copied_again(tree: Path, here: Path) -> None:
    target = here / "copy"
    digests = _copy(tree, target, hashes=("sha256",)).digests
    before = (target / "sparse").stat().st_ino
    assert _copy(tree, target, hashes=("sha256",)).digests == digests
    assert (target / "sparse").stat().st_ino == before
    (target / "sparse").write_bytes(b"spoilt")
    _copy(tree, target)
    assert list(_described(target)) == list(_described(tree))


def test_nothing_is_deleted(tree: Path, here: Path) -> None:
    target = here / "copy"
    target.mkdir()
    (target / "older").write_text("stays")
    _copy(tree, target)
    assert (target / "older").read_text() == "stays"
    assert (tree / "file").exists()


def test_a_tree_goes_to_a_tree_only(tree: Path, here: Path) -> None:
    with pytest.raises(NotSupported, match="another tree:// only"):
        transfer(locate(f"tree://{tree}"), locate(f"file://{here}/packed"))


def test_a_link_in_the_target_leads_nowhere(tree: Path, here: Path) -> None:
    target, outside = here / "copy", here / "outside"
    target.mkdir()
    outside.mkdir()
    (target / "inner").symlink_to(outside)
    with pytest.raises(StoreError, match="is no directory in the target"):
        _copy(tree, target)
    assert list(outside.iterdir()) == []
