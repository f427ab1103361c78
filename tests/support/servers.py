"""Fixtures: real servers that hold bytes, and the tools beside them."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.ceph import CephCluster, CephUnavailableError
from devstack.moto import MotoServer
from devstack.nginx import NginxServer, NginxUnavailableError
from devstack.swift import SwiftServer, SwiftUnavailableError
from devstack.tgt import TgtServer, TgtUnavailableError

__all__ = ["ceph", "moto", "nginx", "qemu", "swift", "tgt"]


@pytest.fixture(scope="session")
def nginx(server_home: Path) -> Iterator[NginxServer]:
    """A web server with WebDAV."""
    home = server_home / "nginx"
    home.mkdir()
    try:
        server = NginxServer(home)
        server.start()
    except NginxUnavailableError as reason:
        pytest.fail(str(reason), pytrace=False)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def moto(server_home: Path) -> Iterator[MotoServer]:
    """An S3 that believes everybody."""
    home = server_home / "moto"
    home.mkdir()
    server = MotoServer(home)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def tgt(server_home: Path) -> Iterator[TgtServer]:
    """An iSCSI portal with CHAP."""
    home = server_home / "tgt"
    home.mkdir()
    try:
        server = TgtServer(home)
        server.start()
    except TgtUnavailableError as reason:
        if os.geteuid() != 0:
            pytest.skip(f"iSCSI is NOT TESTED: {reason}")
        pytest.fail(str(reason), pytrace=False)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def swift(server_home: Path) -> Iterator[SwiftServer]:
    """A whole Swift, on one directory."""
    home = server_home / "swift"
    home.mkdir()
    try:
        server = SwiftServer(home)
        server.start()
    except SwiftUnavailableError as reason:
        pytest.fail(str(reason), pytrace=False)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def ceph(server_home: Path) -> Iterator[CephCluster]:
    """A Ceph of one monitor and one OSD, in memory."""
    home = server_home / "ceph"
    home.mkdir()
    try:
        cluster = CephCluster(home)
        cluster.start()
    except CephUnavailableError as reason:
        pytest.fail(str(reason), pytrace=False)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def qemu() -> None:
    """QEMU's tools for images."""
    if shutil.which("qemu-nbd") is None:
        pytest.fail(
            "no qemu-nbd: `make test` as root installs it, otherwise: "
            "sudo apt-get install qemu-utils qemu-block-extra",
            pytrace=False,
        )
