"""The ramdisk as it is made of this machine's packages."""

import subprocess
from pathlib import Path

import pytest
import zstandard

from baremetal.agent.recipe import programs
from baremetal.agent.recipe.archive import Tree
from baremetal.agent.recipe.build import Built

pytestmark = [pytest.mark.slow, pytest.mark.services]


def _unpacked(archive: bytes, home: Path, *only: str) -> dict[str, bytes]:
    """The files in an archive, by path, as cpio has them."""
    home.mkdir()
    command = ["/bin/busybox", "cpio", "-i", "-d", *only]
    subprocess.run(command, cwd=home, input=archive, capture_output=True, check=True)
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def test_it_is_small_and_what_is_compiled_for_it_is_the_same_again(
    ramdisk: Built, tmp_path: Path
) -> None:
    assert ramdisk.size <= 14 << 20, "a fifth less, 12 MiB, at the level that people get"
    assert ramdisk.kernel.exists()
    archive = zstandard.ZstdDecompressor().decompress(ramdisk.ramdisk.read_bytes())
    assert len(archive) == ramdisk.unpacked
    found = _unpacked(archive, tmp_path / "all")
    assert {"init", "bin/busybox", "usr/lib/python3.11/baremetal/agent/__main__.pyc"} <= set(found)
    assert ("usr/lib/ssl/cert.pem" in found) == programs.CERTIFICATES.exists()
    once_more = Tree()
    programs.add_agent(once_more)
    again = _unpacked(once_more.packed(), tmp_path / "again")
    assert again.items() <= found.items()
