"""The plane without a thread of its own: the real API and the real flows, turned by hand.

A test asks by `request`, and lets what is queued happen by `work`. So it decides what
happens when, may end a process' life at any instant, and begin another by `restart`.
"""

import io
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oslo_config import cfg

import baremetal.cmd.backend  # noqa: F401 - must come before anything of oslo
from baremetal.api.app import Application
from baremetal.api.services import Authenticator, Services
from baremetal.clock import Clock
from baremetal.conductor.flows import FLOWS
from baremetal.conductor.manager import ConductorEndpoint
from baremetal.conductor.service import Conductor
from baremetal.conductor.task import NodeTask
from baremetal.db.database import Database
from baremetal.db.operations import OperationStore
from baremetal.db.queue import Place
from baremetal.db.vault import Vault
from baremetal.engine.flow import Flow
from baremetal.engine.runner import Runner
from baremetal.rpc.conductor import ConductorClient
from baremetal.rpc.transport import make_transport, unwrap
from tests.support.configuration import fresh_configuration

HOST = "house"
LEASE_SECONDS = 10.0
_YEARS = 1e9
_VERSION = "HTTP_X_OPENSTACK_IRONIC_API_VERSION"


@dataclass(frozen=True)
class Reply:
    """What the API answered."""

    status: int
    body: Any

    @property
    def fault(self) -> str:
        """The sentence of a refusal."""
        if "message" in self.body:
            return str(self.body["message"])
        if "error_message" not in self.body:
            (fault,) = self.body.values()
            return str(fault["message"])
        return str(json.loads(self.body["error_message"])["faultstring"])


class _Line(ConductorClient):
    """The way from the API to the conductor where both are in one thread."""

    def __init__(self, endpoint: ConductorEndpoint) -> None:
        self._endpoint = endpoint

    def ring(self, group: str, driver: str | None = None, slot: int | None = None) -> None:
        """The test decides when work is done."""

    def load(self, host: str) -> dict[str, Any]:
        """Nothing runs unless the test lets it."""
        return {"running": 0, "workers": 1}

    def _ask(self, host: str, method: str, node: str, **arguments: Any) -> Any:
        return unwrap(getattr(self._endpoint, method)(None, node, **arguments))


class House:
    """One plane on a database with the newest schema."""

    def __init__(
        self,
        db: Database,
        directory: Path,
        clock: Clock,
        options: Mapping[str, Any] | None = None,
        flows: Mapping[str, Flow[NodeTask]] = FLOWS,
        auth: Authenticator | None = None,
        *,
        configuration: str = "",
    ) -> None:
        self.db, self.clock = db, clock
        self.flows = dict(flows)
        self.vault = Vault.open(directory / "secret.keys")
        #: What runs write through; a test may put another in its place.
        self.store = OperationStore(db)
        self.conf: cfg.ConfigOpts = fresh_configuration(directory, configuration)
        self.conf.set_override("host", HOST)
        for name, value in (options or {}).items():
            self.conf.set_override(name, value, group="conductor")
        # Whatever a test lets an image be fetched from is on this machine.
        self.conf.set_override("download_local", True, group="images")
        if auth is not None:
            self.conf.set_override("auth", "keystone", group="api")
        transport = make_transport(self.conf, "inproc://")
        conductor = Conductor(self.conf, db, self.vault, transport, clock)
        registry = conductor._registry
        drivers = {name: registry.info(name).as_data() for name in registry.names}
        conductor._members.register(HOST, "", drivers, clock.now(), clock.after(_YEARS))
        endpoint = ConductorEndpoint("", conductor._worker, conductor._nodes, registry)
        services = Services(self.conf, db, self.vault, _Line(endpoint), auth, clock)
        self.nodes = services.nodes
        self.events = services.events
        self.open_task = conductor._open_task
        self._services = services
        self.reopen()

    def reopen(self) -> None:
        """Make the WSGI application anew, of the table of routes as it is now."""
        self._application = Application(self._services)

    def look_at_policy(self) -> None:
        """Let the policy look at its file now, rather than in a second."""
        assert self._services.policy is not None
        self._services.policy.look_again()

    def request(self, method: str, path: str, body: Any = None, version: str = "1.90") -> Reply:
        """The answer to one request for `path` below ``/baremetal/v1/`` or another API's root."""
        raw = b"" if body is None else json.dumps(body).encode()
        status, answer = self._ask(method, path, raw, {_VERSION: version})
        return Reply(status, json.loads(answer) if answer else None)

    def heard(self, path: str, last_id: str | None = None) -> str:
        """All that an event stream says until it ends, which takes a clock that does not wait."""
        resumed = {} if last_id is None else {"HTTP_LAST_EVENT_ID": last_id}
        status, answer = self._ask("GET", path, b"", {_VERSION: "1.90", **resumed})
        assert status == 200, answer
        return answer.decode()

    def fetched(self, method: str, path: str, **headers: str) -> tuple[int, bytes]:
        """Status and bytes of an answer that may be no JSON; headers as WSGI names them."""
        return self._ask(method, path, b"", headers)

    def _ask(
        self, method: str, path: str, raw: bytes, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        path, _, query = path.removeprefix("/v1/").partition("?")
        of_others = path.startswith(("/image/", "/share/"))
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path if path in ("/", "/v1") or of_others else f"/baremetal/v1/{path}",
            "QUERY_STRING": query,
            "SERVER_NAME": "house",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(raw),
            "wsgi.errors": sys.stderr,
            "CONTENT_LENGTH": str(len(raw)),
            **headers,
        }
        said: list[str] = []
        answer = self._application(environ, lambda status, *_: said.append(status))
        try:
            return int(said[0][:3]), b"".join(answer)
        finally:
            getattr(answer, "close", lambda: None)()

    def asked(self, method: str, path: str, body: Any = None) -> Any:
        """The body of an answer that must be a good one."""
        reply = self.request(method, path, body)
        assert reply.status < 300, reply
        return reply.body

    def enrol(self, name: str = "n", **fields: Any) -> dict[str, Any]:
        """A new node, as the API shows it."""
        body = {"driver": "fake-hardware", "name": name, **fields}
        node: dict[str, Any] = self.asked("POST", "nodes", body)
        return node

    def provision(self, node: str, target: str, **more: Any) -> str:
        """Ask for a verb; the uuid of the operation that it started, empty where it needs none."""
        self.asked("PUT", f"nodes/{node}/states/provision", {"target": target, **more})
        return str(self.row(node)["operation_uuid"] or "")

    def row(self, node: str) -> dict[str, Any]:
        """All columns of a node."""
        return self.nodes.row(node)

    def work(self) -> int:
        """Do all that is queued, and what follows from it; how many runs that took."""
        runner = Runner(self.store, self.flows, self.open_task, self.clock, hold_seconds=3600)
        runs = 0
        while True:
            now, until = self.clock.now(), self.clock.after(LEASE_SECONDS)
            claimed = self.store.claim(HOST, Place(""), 100, {}, now, until)
            if not claimed:
                return runs
            for operation in claimed:
                runner.run(operation)
                runs += 1

    def restart(self) -> None:
        """Begin another life, as a conductor does: take back what the last one was running."""
        self.store = OperationStore(self.db)
        self.store.requeue_lost(self.clock.now(), HOST)

    def look_for_the_overdue(self) -> None:
        """What a conductor does every few seconds."""
        self.store.requeue_lost(self.clock.now())
        self.store.requeue_overdue(self.clock.now())
