"""The ramdisk: the same input gives the same bytes."""

import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from baremetal.agent.recipe.archive import Tree
from baremetal.agent.recipe.build import build, compressed
from baremetal.domain.errors import InvalidInput


def _tree(*, backwards: bool) -> Tree:
    tree = Tree()
    puts: list[Callable[[], None]] = [
        lambda: tree.file("init", b"#!/bin/sh\n", executable=True),
        lambda: tree.file("/usr/lib/deep/file", b"12345"),
        lambda: tree.link("bin/sh", "busybox"),
        lambda: tree.directory("proc"),
        lambda: tree.console("dev/console"),
    ]
    for put in reversed(puts) if backwards else puts:
        put()
    return tree


def _unpacked(archive: bytes) -> dict[str, tuple[int, bytes]]:
    """{path: (mode, data)}, as the kernel reads it."""
    found: dict[str, tuple[int, bytes]] = {}
    at = 0
    while True:
        fields = [int(archive[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        size, length = fields[6], fields[11]
        name = archive[at + 110 : at + 110 + length - 1].decode()
        begin = (at + 110 + length + 3) // 4 * 4
        if name == "TRAILER!!!":
            return found
        assert archive[at : at + 6] == b"070701"
        assert fields[2:4] == [0, 0], "root's"
        assert fields[5] == 0, "of no time"
        found[name] = (fields[1], archive[begin : begin + size])
        at = (begin + size + 3) // 4 * 4


def test_what_is_put_in_comes_out() -> None:
    found = _unpacked(_tree(backwards=False).packed())
    assert list(found) == sorted(found), "a directory comes before what is in it"
    assert found["usr/lib/deep"] == (stat.S_IFDIR | 0o755, b"")
    assert found["usr/lib/deep/file"] == (stat.S_IFREG | 0o644, b"12345")
    assert found["bin/sh"] == (stat.S_IFLNK | 0o777, b"busybox")
    assert found["init"][0] == stat.S_IFREG | 0o755
    assert stat.S_ISCHR(found["dev/console"][0])


def test_the_order_of_the_work_changes_nothing(tmp_path: Path) -> None:
    one, other = (_tree(backwards=backwards).packed() for backwards in (False, True))
    assert one == other
    first = compressed(one, tmp_path)
    (kept,) = tmp_path.iterdir()
    assert kept.read_bytes() == first == compressed(other)
    kept.write_bytes(b"from the cache")
    assert compressed(other, tmp_path) == b"from the cache"


def test_a_kernel_that_is_not_installed_is_named(tmp_path: Path) -> None:
    if shutil.which("modprobe") is None or not Path("/bin/busybox").exists():
        pytest.skip("NO RAMDISK CAN BE BUILT: missing: apt-get install kmod busybox-static")
    with pytest.raises(InvalidInput, match=r"of kernel 2\.0\.40"):
        build(tmp_path / "ramdisk", "2.0.40")
    assert list(tmp_path.iterdir()) == []
