"""A tiny Bare Metal API on loopback, for the client and the command line to speak to.

It knows nodes, ports and operations as far as their tests need them; work that is asked for
runs by itself in a thread, with the steps, the progress and the events of the real one.
"""

import base64
import contextlib
import json
import queue
import socket
import threading
import time
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Json = dict[str, Any]

_WORK = {  # target: (kind, while it is done, when it succeeded, when it failed)
    "manage": ("verify", "verifying", "manageable", "enroll"),
    "provide": ("provide", "cleaning", "available", "clean failed"),
    "inspect": ("inspect", "inspecting", "manageable", "inspect failed"),
    "active": ("deploy", "deploying", "active", "deploy failed"),
    "deleted": ("undeploy", "deleting", "available", "error"),
}


@dataclass
class Seen:
    """A request as it came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class Canned:
    """An answer to give instead of the right one."""

    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False


class StandIn:
    """The service and all its state; `failures` are given to the next requests, in order."""

    def __init__(
        self,
        *,
        newest: int = 90,
        stream: bool = True,
        chunked: bool = True,
        credentials: str | None = None,
    ) -> None:
        self.newest, self.stream, self.chunked = newest, stream, chunked
        self.credentials = credentials
        self.has_operations = True
        self.pause = 0.02  # seconds for each bit of work
        self.nodes: dict[str, Json] = {}
        self.ports: dict[str, Json] = {}
        self.operations: dict[str, Json] = {}
        self.autopsies: dict[str, Json] = {}
        self.doomed: set[str] = set()  # names of nodes with which all work fails
        self.seen: list[Seen] = []
        self.failures: list[Canned] = []
        self.events: list[tuple[int, str, Json]] = []
        self.page = 1000
        self.connections: list[socket.socket] = []
        self._listeners: list[queue.SimpleQueue[bytes | None]] = []
        self._lock = threading.RLock()
        self._port = 0
        self.start()

    def start(self) -> None:
        handler = type("Handler", (_Handler,), {"stand_in": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), handler)
        self._server.daemon_threads = True
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.cut_streams()
        for connection in self.connections:
            with contextlib.suppress(OSError):  # closed already
                connection.shutdown(socket.SHUT_RDWR)
        self.connections.clear()

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._port}/baremetal"

    def add_node(self, name: str, state: str = "enroll", **more: Any) -> Json:
        node: Json = {
            "uuid": str(uuid.uuid4()),
            "name": name,
            "driver": "fake-hardware",
            "provision_state": state,
            "target_provision_state": None,
            "power_state": "power off",
            "target_power_state": None,
            "maintenance": False,
            "last_error": None,
            "operation": None,
            "links": [{"href": "http://nowhere/", "rel": "self"}],
        }
        self.nodes[node["uuid"]] = node | more
        return self.nodes[node["uuid"]]

    def find(self, ident: str) -> Json | None:
        by_name = (node for node in self.nodes.values() if node["name"] == ident)
        return self.nodes.get(ident) or next(by_name, None)

    def emit(self, kind: str, data: Json) -> None:
        with self._lock:
            event = (len(self.events) + 1, kind, data | {"at": "2026-01-01T10:20:01+00:00"})
            self.events.append(event)
            for listener in self._listeners:
                listener.put(_as_sse(event))

    def listen(self, since: int | None) -> "queue.SimpleQueue[bytes | None]":
        listener: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        with self._lock:
            for event in self.events[since:] if since is not None else ():
                listener.put(_as_sse(event))
            self._listeners.append(listener)
        return listener

    def tell_place(self) -> None:
        """Say where to resume, though nothing happened."""
        with self._lock:
            for listener in self._listeners:
                listener.put(f"id: {len(self.events)}\n\n".encode())

    def cut_streams(self) -> None:
        with self._lock:
            for listener in self._listeners:
                listener.put(None)
            self._listeners.clear()

    def listeners(self) -> int:
        return len(self._listeners)

    def move(self, node: Json, state: str, target: str | None, error: str | None = None) -> None:
        before, node["provision_state"] = node["provision_state"], state
        node["target_provision_state"], node["last_error"] = target, error
        change = {"from": before, "to": state, "target": target, "error": error}
        named = {"node_uuid": node["uuid"], "name": node["name"]}
        self.emit("node.provision_state", named | change)

    def begin(self, node: Json, target: str) -> None:
        kind, during, good, bad = _WORK[target]
        operation = {
            "uuid": str(uuid.uuid4()),
            "kind": kind,
            "state": "running",
            "node_uuid": node["uuid"],
            "step": None,
            "steps": [{"name": name, "state": "pending"} for name in ("first", "second")],
            "progress": {"percent": 0, "message": None},
            "waiting": None,
            "owner": "host-1",
            "error": None,
            "links": [],
        }
        self.operations[operation["uuid"]] = operation
        node["operation"] = operation
        self.move(node, during, good)
        arguments = (node, operation, good, bad)
        threading.Thread(target=self._work, args=arguments, daemon=True).start()

    def _work(self, node: Json, operation: Json, good: str, bad: str) -> None:
        named = {"operation_uuid": operation["uuid"], "node_uuid": node["uuid"]}
        for percent, step in ((20, "first"), (40, "first"), (60, "second"), (90, "second")):
            time.sleep(self.pause)
            operation["step"] = step
            operation["progress"] = {"percent": percent, "message": f"{percent} of 100"}
            progress = {"kind": operation["kind"], "step": step, **operation["progress"]}
            self.emit("operation.progress", named | progress)
        time.sleep(self.pause)
        doomed = node["name"] in self.doomed
        operation["state"] = "failed" if doomed else "succeeded"
        operation["error"] = "it broke" if doomed else None
        node["operation"] = None
        self.move(node, bad if doomed else good, None, operation["error"])
        ended = {key: operation[key] for key in ("kind", "state", "step", "error")}
        self.emit("operation.state", named | ended)


def _as_sse(event: tuple[int, str, Json]) -> bytes:
    number, kind, data = event
    return f"id: {number}\nevent: {kind}\ndata: {json.dumps(data)}\n\n".encode()


class _Handler(BaseHTTPRequestHandler):
    stand_in: StandIn
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.stand_in.connections.append(self.connection)

    def log_message(self, *_: Any) -> None:
        pass

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        query = dict(parse_qsl(parts.query))
        seen = Seen(self.command, parts.path, query, dict(self.headers), body)
        self.stand_in.seen.append(seen)
        if self.stand_in.failures:
            self._give(self.stand_in.failures.pop(0))
            return
        refusal = self._refuse()
        if refusal:
            self._fault(*refusal)
        elif parts.path == "/baremetal/v1/events/stream" and self.stand_in.stream:
            self._stream()
        else:
            path = parts.path.removeprefix("/baremetal/v1/").split("/")
            self._route(seen, path)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - http.server's names

    def _refuse(self) -> tuple[int, str] | None:
        wanted = self.headers.get("X-OpenStack-Ironic-API-Version", "1.1")
        if int(wanted.partition(".")[2]) > self.stand_in.newest:
            return 406, f"Version {wanted} was requested but is not supported."
        expected = self.stand_in.credentials
        if expected:
            token = base64.b64encode(expected.encode()).decode()
            if self.headers.get("Authorization") != f"Basic {token}":
                return 401, "Incorrect username or password"
        return None

    def _route(self, seen: Seen, path: list[str]) -> None:
        name, *rest = path
        handler = getattr(self, f"_{name}", None)
        if handler is None or (name == "operations" and not self.stand_in.has_operations):
            self._fault(404, "Not Found")
        else:
            handler(seen, rest)

    def _nodes(self, seen: Seen, rest: list[str]) -> None:
        here = self.stand_in
        if not rest and seen.method == "GET":
            self._list("nodes", list(here.nodes.values()), seen.query)
        elif not rest:
            if here.find(seen.body.get("name", "")):
                self._fault(409, f"A node with name {seen.body['name']} already exists.")
            else:
                self._json(201, here.add_node(**seen.body))
        elif (node := here.find(rest[0])) is None:
            self._fault(404, f"Node {rest[0]} could not be found.")
        elif rest[1:] == ["states", "provision"]:
            self._provision(node, seen.body["target"])
        elif seen.method == "GET":
            self._json(200, node)
        elif seen.method == "DELETE":
            del here.nodes[node["uuid"]]
            self._json(204, None)
        else:
            self._json(200, _patched(node, seen.body))

    def _provision(self, node: Json, target: str) -> None:
        if node["operation"]:
            self._fault(409, f"Node {node['name']} is held by operation {node['operation']}")
        elif node["provision_state"] in ("manageable" if target == "manage" else "enroll"):
            self._fault(400, f'The requested action "{target}" can not be performed')
        else:
            self.stand_in.begin(node, target)
            self._json(202, None)

    def _ports(self, seen: Seen, rest: list[str]) -> None:
        ports = self.stand_in.ports
        if seen.method == "GET":
            wanted = seen.query.get("node")
            found = [port for port in ports.values() if port["node_uuid"] == (wanted or "")]
            self._list("ports", found, {})
        elif any(port["address"] == seen.body["address"] for port in ports.values()):
            self._fault(409, f"A port with MAC address {seen.body['address']} already exists.")
        else:
            port = {"uuid": str(uuid.uuid4()), **seen.body}
            ports[port["uuid"]] = port
            self._json(201, port)

    def _operations(self, seen: Seen, rest: list[str]) -> None:
        operations = self.stand_in.operations
        if not rest:
            state = seen.query.get("state")
            found = [op for op in operations.values() if state in (None, op["state"])]
            self._list("operations", found, {})
        elif rest[0] not in operations:
            self._fault(404, f"Operation {rest[0]} could not be found.")
        elif rest[1:] == ["autopsy"]:
            self._json(200, self.stand_in.autopsies[rest[0]])
        else:
            self._json(202 if rest[1:] else 200, operations[rest[0]])

    def _conductors(self, seen: Seen, rest: list[str]) -> None:
        self._list("conductors", [{"hostname": "host-1", "alive": True}], {})

    def _list(self, key: str, items: list[Json], query: dict[str, str]) -> None:
        wanted = query.get("provision_state")
        items = [item for item in items if wanted in (None, item.get("provision_state"))]
        start = next(
            (i + 1 for i, n in enumerate(items) if n.get("uuid") == query.get("marker", "")), 0
        )
        page = items[start : start + min(self.stand_in.page, int(query.get("limit", 1000)))]
        answer: Json = {key: page}
        if start + len(page) < len(items):
            rest = "".join(f"{k}={v}&" for k, v in query.items() if k != "marker")
            marker = page[-1]["uuid"]
            answer["next"] = f"http://inside.example:1/elsewhere/{key}?{rest}marker={marker}"
        self._json(200, answer)

    def _stream(self) -> None:
        since = self.headers.get("Last-Event-ID")
        listener = self.stand_in.listen(int(since) if since else None)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        chunked = self.stand_in.chunked
        coding = ("Transfer-Encoding", "chunked") if chunked else ("Connection", "close")
        self.send_header(*coding)
        self.end_headers()
        self.close_connection = True
        try:
            while (piece := self._piece(listener)) is not None:
                framed = b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece
                self.wfile.write(framed)
                self.wfile.flush()
        except OSError:
            pass  # the reader went away

    def _piece(self, listener: "queue.SimpleQueue[bytes | None]") -> bytes | None:
        try:
            return listener.get(timeout=0.2)
        except queue.Empty:
            return b": keep-alive\n\n"

    def _json(self, status: int, body: Any) -> None:
        self._give(Canned(status, "" if body is None else json.dumps(body)))

    def _fault(self, status: int, sentence: str) -> None:
        inner = {"faultcode": "Client", "faultstring": sentence, "debuginfo": None}
        self._give(Canned(status, json.dumps({"error_message": json.dumps(inner)})))

    def _give(self, canned: Canned) -> None:
        if canned.hang_up:
            self.close_connection = True
            return
        data = canned.body.encode()
        self.send_response(canned.status)
        self.send_header("X-OpenStack-Ironic-API-Maximum-Version", f"1.{self.stand_in.newest}")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in canned.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


def _patched(node: Json, patch: list[Json]) -> Json:
    for change in patch:
        name, _, key = change["path"].removeprefix("/").partition("/")
        where, last = (node.setdefault(name, {}), key) if key else (node, name)
        if change["op"] == "remove":
            del where[last]
        else:
            where[last] = change["value"]
    return node
