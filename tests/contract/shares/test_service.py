"""The share service on a real pool and a real server, as users of its shares see it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from baremetal.client import Client, connect
from baremetal.drivers.interfaces.export import Location
from devstack.ganesha import GaneshaServer
from tests.contract.shares.benches import Exports, Pool
from tests.support.asking import wait_until
from tests.support.plane import PlaneProcess

pytestmark = pytest.mark.slow

_SECONDS = 120


@pytest.fixture
def folder(pools: Callable[[str], Pool]) -> Iterator[Path]:
    """A place for shares on a Btrfs."""
    made = pools("btrfs").seen / "service"
    made.mkdir()
    yield made
    for left in (*made.glob("*/*"), *made.iterdir(), made):
        left.rmdir()


@pytest.fixture
def server(servers: Callable[[str], Exports]) -> Exports:
    return servers("nfs-ganesha")


@pytest.fixture
def plane(
    tmp_path: Path, folder: Path, server: Exports, ganesha: GaneshaServer
) -> Iterator[PlaneProcess]:
    settings = {
        "storage": "btrfs",
        "path": folder,
        "export": "nfs-ganesha",
        "exports": ganesha.exports,
        "bus": ganesha.bus,
        "address": "10.83.1.1",
    }
    options = "[shares]\nenabled_backends = fast\n[share_backend:fast]\n"
    options += "".join(f"{name} = {value}\n" for name, value in settings.items())
    with PlaneProcess(tmp_path / "state", auth="basic", options=options) as made:
        yield made


@pytest.fixture
def client(plane: PlaneProcess, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(plane.clouds))
    return connect("baremetal")


def _where(plane: PlaneProcess) -> Location:
    """What `baremetal share mount-command` tells a client to mount."""
    command = (sys.executable, "-m", "baremetal.cmd.main", "share", "mount-command", "home")
    whose = {"OS_CLIENT_CONFIG_FILE": str(plane.clouds), "OS_CLOUD": "baremetal"}
    done = subprocess.run(
        command, env={**os.environ, **whose}, capture_output=True, text=True, check=True
    )
    *mount, path, _ = done.stdout.split()
    assert mount == ["mount", "-t", "nfs"]
    return Location(path)


def test_a_share_from_its_making_to_its_end_through_a_kill_and_a_new_start_of_the_machine(
    plane: PlaneProcess, client: Client, server: Exports, folder: Path
) -> None:
    shares, (first, second) = client.shares, server.clients
    home = shares.create({"share_proto": "NFS", "size": 1, "name": "home"})["id"]
    assert shares.wait(home, _SECONDS)["status"] == "available"
    rule = {"access_type": "ip", "access_to": first.name, "access_level": "rw"}
    allowed = shares.act(home, "allow_access", "applied", **rule)["access"]
    assert allowed["state"] == "active"
    there = _where(plane)
    first.write(there, "file", b"first")
    assert not second.can_read(there, "file")
    kept = shares.snapshots.create({"share_id": home})["id"]
    assert shares.snapshots.wait(kept, _SECONDS)["status"] == "available"
    first.write(there, "file", b"second")

    plane.kill()
    assert first.read(there, "file") == b"second"
    (place,) = (folder / "shares").iterdir()
    subprocess.run(["umount", "--lazy", place], check=True)
    server.restart()
    assert not first.can_read(there, "file")
    plane.start()
    wait_until(lambda: first.can_read(there, "file"), _SECONDS)
    assert first.read(there, "file") == b"second"

    shares.act(home, "revert", snapshot_id=kept)
    assert shares.wait(home, _SECONDS)["status"] == "available"
    assert first.read(there, "file") == b"first"
    shares.act(home, "deny_access", "applied", access_id=allowed["id"])
    assert not first.can_read(there, "file")
    shares.snapshots.delete(kept)
    wait_until(lambda: not [*shares.snapshots.list()], _SECONDS)
    shares.delete(home)
    wait_until(lambda: not [*shares.list()], _SECONDS)
    assert server.leftovers() == set()
