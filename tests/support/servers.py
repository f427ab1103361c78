"""Fixtures: real servers that hold bytes, and the tools beside them."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from devstack.ceph import CephCluster, CephUnavailableError
from devstack.ganesha import GaneshaServer, GaneshaUnavailableError
from devstack.moto import MotoServer
from devstack.network import Network, NetworkUnavailableError
from devstack.nginx import NginxServer, NginxUnavailableError
from devstack.samba import SambaServer, SambaUnavailableError
from devstack.swift import SwiftServer, SwiftUnavailableError
from devstack.tgt import TgtServer, TgtUnavailableError
from devstack.zfs import ZfsServer, ZfsUnavailableError

__all__ = [
    "ceph",
    "ganesha",
    "moto",
    "network",
    "nginx",
    "qemu",
    "samba",
    "swift",
    "tgt",
    "zfs",
]


class Server(Protocol):
    """What runs in a directory of its own while tests use it."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


_S = TypeVar("_S", bound=Server)


@contextmanager
def running(
    make: Callable[[Path], _S],
    home: Path,
    unavailable: type[Exception] | tuple[()] = (),
    without: Callable[[Exception], None] = lambda _: None,
) -> Iterator[_S]:
    """A server in `home`; where it is `unavailable` the test fails, unless `without` skips it."""
    home.mkdir()
    try:
        server = make(home)
        server.start()
    except unavailable as reason:
        without(reason)
        pytest.fail(str(reason), pytrace=False)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def nginx(server_home: Path) -> Iterator[NginxServer]:
    """A web server with WebDAV."""
    with running(NginxServer, server_home / "nginx", NginxUnavailableError) as server:
        yield server


@pytest.fixture(scope="session")
def moto(server_home: Path) -> Iterator[MotoServer]:
    """An S3 that believes everybody."""
    with running(MotoServer, server_home / "moto") as server:
        yield server


def _skip_without_root(reason: Exception) -> None:
    if os.geteuid() != 0:
        pytest.skip(f"NOT TESTED without root: {reason}")


@pytest.fixture(scope="session")
def tgt(server_home: Path) -> Iterator[TgtServer]:
    """An iSCSI portal with CHAP."""
    home = server_home / "tgt"
    with running(TgtServer, home, TgtUnavailableError, _skip_without_root) as server:
        yield server


@pytest.fixture(scope="session")
def swift(server_home: Path) -> Iterator[SwiftServer]:
    """A whole Swift, on one directory."""
    with running(SwiftServer, server_home / "swift", SwiftUnavailableError) as server:
        yield server


@pytest.fixture(scope="session")
def ceph(server_home: Path) -> Iterator[CephCluster]:
    """A Ceph of one monitor and one OSD, in memory."""
    with running(CephCluster, server_home / "ceph", CephUnavailableError) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def qemu() -> None:
    """QEMU's tools for images."""
    if shutil.which("qemu-nbd") is None:
        pytest.fail(
            "no qemu-nbd: `make test` as root installs it, otherwise: "
            "sudo apt-get install qemu-utils qemu-block-extra",
            pytrace=False,
        )


@pytest.fixture(scope="session")
def network(server_home: Path) -> Iterator[Network]:
    """A host for share servers, and two for clients."""
    home = server_home / "network"
    with running(Network, home, NetworkUnavailableError, _skip_without_root) as hosts:
        yield hosts


@pytest.fixture(scope="session")
def ganesha(server_home: Path, network: Network) -> Iterator[GaneshaServer]:
    """An NFS server on the host for servers."""
    with running(
        lambda home: GaneshaServer(home, network.server),
        server_home / "ganesha",
        GaneshaUnavailableError,
        _skip_without_root,
    ) as server:
        yield server


@pytest.fixture(scope="session")
def samba(server_home: Path, network: Network) -> Iterator[SambaServer]:
    """An SMB server on the host for servers."""
    with running(
        lambda home: SambaServer(home, network.server),
        server_home / "samba",
        SambaUnavailableError,
        _skip_without_root,
    ) as server:
        yield server


@pytest.fixture(scope="session")
def zfs(server_home: Path) -> Iterator[ZfsServer]:
    """A ZFS in user space; the commands reach it while the session lasts."""
    home = server_home / "zfs"
    with (
        running(ZfsServer, home, ZfsUnavailableError, _skip_without_root) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("PATH", str(server.programs), prepend=os.pathsep)
        yield server
