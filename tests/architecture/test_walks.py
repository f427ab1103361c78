"""How far a request walks through the code: files touched, and switches between files.

The incumbent's figures, traced alike: a plain create 33 files and 126 switches, a
deploy of a fake machine to its end 47 and 321. Readers follow the same way.
"""

import io
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import baremetal.cmd.backend  # noqa: F401 - must come before anything of oslo
from baremetal.api.app import Application
from baremetal.api.services import Services
from baremetal.clock import Clock
from baremetal.conductor.service import Conductor
from baremetal.db.database import Database
from baremetal.db.queue import Place
from baremetal.db.schema import upgrade
from baremetal.db.vault import Vault
from baremetal.rpc.conductor import ConductorClient
from baremetal.rpc.transport import make_transport
from tests.support.configuration import fresh_configuration

ROOT = str(Path(__file__).resolve().parents[2] / "baremetal")


class _Doorbell(ConductorClient):
    """Rings nowhere: the bus is left out, as it was when the incumbent was traced."""

    def __init__(self) -> None:
        pass

    def ring(self, group: str, driver: str | None = None, slot: int | None = None) -> None:
        pass


class Plane:
    """API and conductor wired in one thread; work is done when `work` is called."""

    def __init__(self, directory: Path) -> None:
        conf = fresh_configuration(directory)
        clock = Clock()
        db = Database(f"sqlite:///{directory / 'walk.sqlite'}")
        upgrade(db)
        vault = Vault.open(directory / "keys")
        transport = make_transport(conf, "inproc://")
        self.conductor = Conductor(conf, db, vault, transport, clock)
        self.conductor.start()
        # Its threads would walk at the same time; from here on `work` does it all.
        self.conductor._worker.stop()
        services = Services(conf, db, vault, _Doorbell(), None, clock)
        self._application = Application(services)
        self._clock = clock

    def request(self, method: str, path: str, body: Any = None) -> Any:
        raw = b"" if body is None else json.dumps(body).encode()
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": f"/baremetal/v1/{path}",
            "SERVER_NAME": "walk",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(raw),
            "wsgi.errors": sys.stderr,
            "CONTENT_LENGTH": str(len(raw)),
            "HTTP_X_OPENSTACK_IRONIC_API_VERSION": "1.90",
        }
        said: list[str] = []
        answer = b"".join(self._application(environ, lambda status, *_: said.append(status)))
        assert said[0].startswith("2"), answer
        return json.loads(answer) if answer else None

    def work(self) -> None:
        conductor = self.conductor
        now, until = self._clock.now(), self._clock.after(60)
        for operation in conductor._operations.claim(
            conductor._host, Place(""), 10, {}, now, until
        ):
            conductor._worker._run(operation)

    def bring_to_available(self, node: str) -> None:
        for verb in ("manage", "provide"):
            self.request("PUT", f"nodes/{node}/states/provision", {"target": verb})
            self.work()

    def deploy(self, node: str) -> None:
        self.request("PUT", f"nodes/{node}/states/provision", {"target": "active"})
        self.work()

    def create(self, name: str) -> Any:
        return self.request("POST", "nodes", {"driver": "fake-hardware", "name": name})

    def state(self, node: str) -> str:
        return str(self.request("GET", f"nodes/{node}/states")["provision_state"])


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[Plane]:
    plane = Plane(tmp_path)
    yield plane
    plane.conductor.stop()


def walk(action: Callable[[], Any]) -> tuple[set[str], int]:
    """The files of ours that `action` calls into, and how often the next call is in another."""
    visited: list[str] = []

    def note(frame: FrameType, event: str, _argument: object) -> None:
        name = frame.f_code.co_filename
        if event == "call" and name.startswith(ROOT):
            visited.append(name.removeprefix(ROOT))

    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(None)
    switches = sum(1 for one, next_ in itertools.pairwise(visited) if one != next_)
    return set(visited), switches


def test_a_plain_create_stays_in_few_rooms(plane: Plane) -> None:
    plane.create("warm-up")
    files, switches = walk(lambda: plane.create("walk"))
    assert len(files) <= 15, sorted(files)
    assert switches <= 40


def test_a_deploy_stays_in_few_rooms(plane: Plane) -> None:
    for name in ("warm-up", "walk"):
        plane.create(name)
        plane.bring_to_available(name)
    plane.deploy("warm-up")
    files, switches = walk(lambda: plane.deploy("walk"))
    assert plane.state("walk") == "active"
    assert len(files) <= 20, sorted(files)
    assert switches <= 80
