"""A ramdisk as a whole: from installed packages to a file that a kernel takes."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import zstandard

from baremetal.agent.recipe import modules, programs
from baremetal.agent.recipe.archive import Tree

_HERE: Final = Path(__file__).parent
_DIRECTORIES: Final = ("dev", "etc", "proc", "root", "run", "sys", "tmp", "var")
LEVEL: Final = 19
_PASSWD: Final = b"root:x:0:0:root:/root:/bin/sh\n"
_HOSTS: Final = b"127.0.0.1 localhost\n::1 localhost\n"


@dataclass(frozen=True, slots=True)
class Built:
    """A ramdisk, and the kernel that its modules are for; sizes in bytes."""

    ramdisk: Path
    kernel: Path
    size: int
    unpacked: int


def build(
    output: Path, version: str | None = None, cache: Path | None = None, level: int = LEVEL
) -> Built:
    """Build the agent's ramdisk for kernel `version`, the newest if None.

    What is in `cache` is not compressed again, which takes most of the time; at a lower `level`,
    of zstd's 1 to 22, it takes less.

    :raises InvalidInput: a package is not installed.
    """
    version = version or modules.newest_kernel()
    archive = agent_tree(version).packed()
    ramdisk = compressed(archive, cache, level)
    publish(output, ramdisk)
    return Built(output, Path(f"/boot/vmlinuz-{version}"), len(ramdisk), len(archive))


def agent_tree(version: str) -> Tree:
    """All that is in the ramdisk."""
    tree = Tree()
    for name in _DIRECTORIES:
        tree.directory(name)
    tree.console("dev/console")
    tree.file("init", (_HERE / "init.sh").read_bytes(), executable=True)
    tree.file("etc/address.sh", (_HERE / "address.sh").read_bytes(), executable=True)
    tree.file("etc/passwd", _PASSWD)
    tree.file("etc/hosts", _HOSTS)
    programs.add_busybox(tree)
    modules.add_modules(tree, version)
    programs.add_agent(tree)
    programs.add_certificates(tree)
    return tree


def compressed(archive: bytes, cache: Path | None = None, level: int = LEVEL) -> bytes:
    """The archive as the kernel unpacks it, by zstd."""
    kept = cache and cache / f"{hashlib.sha256(archive).hexdigest()}-{level}.zst"
    if kept is not None and kept.exists():
        return kept.read_bytes()
    packed = zstandard.ZstdCompressor(level=level).compress(archive)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        publish(kept, packed)
    return packed


def publish(path: Path, data: bytes) -> None:
    """Write a file that is there whole, or not at all."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        Path(draft).chmod(0o644)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
