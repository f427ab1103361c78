"""Pools and servers for storage and export drivers, shared by all tests of a session."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from baremetal.drivers.interfaces.storage import Share
from devstack.ganesha import GaneshaServer
from devstack.network import Network
from devstack.samba import SambaServer
from devstack.zfs import ZfsServer
from tests.contract.shares.benches import Exports, GaneshaBench, Pool, SambaBench

_POOL_SIZE = 1 << 30
_NUMBERS = count(1)


@pytest.fixture(scope="session")
def btrfs(server_home: Path) -> Iterator[Path]:
    """A Btrfs in a file."""
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED without root: storage on Btrfs")
    if shutil.which("mkfs.btrfs") is None:
        pytest.fail("no mkfs.btrfs: sudo apt-get install btrfs-progs", pytrace=False)
    image, mount = server_home / "btrfs.img", server_home / "btrfs"
    mount.mkdir()
    with image.open("wb") as file:
        file.truncate(_POOL_SIZE)
    subprocess.run(["mkfs.btrfs", "-q", image], check=True)
    subprocess.run(["mount", "-o", "loop", image, mount], check=True)
    yield mount
    subprocess.run(["umount", "--recursive", "--lazy", mount], check=True)


@pytest.fixture(scope="session")
def pools(request: pytest.FixtureRequest, server_home: Path) -> Callable[[str], Pool]:
    """A pool by the name of its driver; made when it is first wanted."""
    made: dict[str, Pool] = {}

    def make(name: str) -> Pool:
        if name == "directory":
            folder = server_home / "directory"
            folder.mkdir()
            return Pool(name, {"path": str(folder)}, folder)
        if name == "btrfs":
            mount: Path = request.getfixturevalue("btrfs")
            return Pool(name, {"path": str(mount)}, mount)
        zfs: ZfsServer = request.getfixturevalue("zfs")
        mount = zfs.create_pool("bench", _POOL_SIZE)
        subprocess.run(["zfs", "create", "bench/shares"], check=True)
        return Pool(name, {"dataset": "bench/shares"}, mount / "shares", "bench/strange")

    def wanted(name: str) -> Pool:
        if name not in made:
            made[name] = make(name)
        return made[name]

    return wanted


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Callable[[str], Exports]:
    """A server by the name of its export driver, with clients; made when it is first wanted."""
    made: dict[str, Exports] = {}

    def make(name: str) -> Exports:
        network: Network = request.getfixturevalue("network")
        if name == "samba":
            samba: SambaServer = request.getfixturevalue("samba")
            return SambaBench(samba, network)
        ganesha: GaneshaServer = request.getfixturevalue("ganesha")
        return GaneshaBench(ganesha, network)

    def wanted(name: str) -> Exports:
        if name not in made:
            made[name] = make(name)
        return made[name]

    return wanted


@pytest.fixture
def share() -> Share:
    """A share that no other test has."""
    return Share(f"share-{os.getpid()}-{next(_NUMBERS)}", 8 << 20)
