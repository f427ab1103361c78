"""No input whatsoever makes the service fail: a clear refusal, and nothing is changed.

Some 1,500 requests by default, the same each time; BAREMETAL_FUZZ_REQUESTS=10000 sends so
many, others each time.
"""

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

from baremetal.api.routes import ROUTES
from baremetal.api.types.allocation import Allocation
from baremetal.api.types.base import Type
from baremetal.api.types.chassis import Chassis
from baremetal.api.types.node import Node
from baremetal.api.types.port import Port
from baremetal.domain import states
from tests.support import fuzzing, soup, wire
from tests.support.asking import wait_until
from tests.support.fuzzing import some
from tests.support.plane import PlaneProcess

_REQUESTS = fuzzing.requests_in_all(1500)
_VERSION = "X-OpenStack-Ironic-API-Version"
#: What the HTTP server itself may say to what is no request of HTTP/1.1.
_PROTOCOL = (501, 505)

pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.timeout(30 + _REQUESTS // 5),
]


class Target(fuzzing.Target):
    """A plane with one of each resource."""

    def __init__(self, plane: PlaneProcess) -> None:
        super().__init__(plane, "/baremetal", wire.fault)
        self._rows = sqlite3.connect(f"file:{plane.state_dir}/baremetal.sqlite?mode=ro", uri=True)
        nested: dict[str, Any] = {
            "list": [1, [2], {"a": 1}],
            "map": {"a": {"b": {}}},
            "text": "t",
            "none": None,
        }
        node = self._make("nodes", driver="fake-hardware", name="still", extra=nested)
        #: A node for requests that may start something.
        self.busy = self._make("nodes", driver="fake-hardware", name="busy")
        self.uuids = {
            "nodes": node,
            "ports": self._make("ports", node_uuid=node, address="52:54:00:ff:00:01", extra=nested),
            "chassis": self._make("chassis", description="rack", extra=nested),
            "allocations": self._make("allocations", resource_class="x", extra=nested),
        }

    def _make(self, collection: str, **fields: Any) -> str:
        status, body = self.ask("POST", f"/v1/{collection}", json.dumps(fields).encode())
        assert status == 201, body
        return str(json.loads(body)["uuid"])

    def ask(
        self, method: str, path: str, body: bytes | None = None, version: str | bytes = "1.90"
    ) -> tuple[int, bytes]:
        """Status and body of one request."""
        headers = {_VERSION: version, "Content-Type": "application/json"}
        return self.request(method, path, body, headers)

    def row(self, collection: str) -> tuple[Any, ...] | None:
        """The resource as the database holds it, version included."""
        query = f"SELECT * FROM {collection} WHERE uuid = ?"
        found: tuple[Any, ...] | None = self._rows.execute(
            query, (self.uuids[collection],)
        ).fetchone()
        return found


@pytest.fixture(scope="module")
def shared_target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    options = "[conductor]\npower_sync_interval = 0\n"
    with PlaneProcess(tmp_path_factory.mktemp("fuzz"), options=options) as plane:
        made = Target(plane)
        yield made
        # Seen with -s.
        print(f"\n{made.told()}")  # noqa: T201


@pytest.fixture
def target(shared_target: Target) -> Target:
    """The same one, on a new connection: the server closes those that are silent for long."""
    shared_target.hang_up()
    return shared_target


# -- as the OpenAPI document describes requests, and not quite so -------------

_DESCRIBED = [route for route in ROUTES if route.path != "/v1/events/stream"]
_KNOWN = {"driver": "fake-hardware", "trait": "CUSTOM_A", "operation": soup.UUID}
_MOSTLY = st.sampled_from((True, True, True, False))
_VERBS = st.sampled_from([*states.VERBS, *states.POWER_TARGETS, "abort", "unhold"])


@pytest.mark.slow
def test_described_requests(target: Target) -> None:
    schema = schemathesis.openapi.from_url(f"{target.plane.url}/v1/openapi.json")
    session = requests.Session()
    each = int(_REQUESTS * 0.35 / len(_DESCRIBED) / 2)
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if operation.path == "/v1/events/stream":
            continue
        for mode in GenerationMode:
            cases = operation.as_strategy(generation_mode=mode)
            _call(target, session, cases, each)


def _call(target: Target, session: requests.Session, cases: Any, count: int) -> None:
    @some(count)
    @given(case=cases, known=_MOSTLY, verb=_VERBS, version=soup.versions)
    def call(case: Any, known: bool, verb: str, version: str) -> None:
        if known:
            _name_what_exists(target, case)
            if isinstance(case.body, dict) and "target" in case.body:
                case.body["target"] = verb
        case.headers[_VERSION] = version.strip().encode()
        answer = case.call(session=session)
        target.judge(answer.status_code, answer.content, case.as_curl_command())

    call()


def _name_what_exists(target: Target, case: Any) -> None:
    """Let the path name what is there: everything else is merely not found."""
    collection = f"{case.path}//".split("/")[2]
    if case.method == "DELETE" and case.path.endswith(("/nodes/{node}", "/{ident}")):
        return
    for name in case.path_parameters:
        names = {**_KNOWN, "node": "busy", "chassis": target.uuids["chassis"]}
        if name == "ident":
            names["ident"] = target.uuids[collection]
        case.path_parameters[name] = names.get(name, case.path_parameters[name])
    if isinstance(case.body, dict) and "driver" in case.body:
        case.body["driver"] = "fake-hardware"


# -- JSON patches ------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("cls", [Node, Port, Chassis, Allocation], ids=lambda cls: cls.__name__)
def test_patches(target: Target, cls: type[Type]) -> None:
    collection = cls.__resource__.plural
    share = 0.2 if cls is Node else 0.05

    @some(int(_REQUESTS * share))
    @given(patch=soup.patches(cls), version=st.sampled_from(("1.90", "1.90", "1.58")))
    def apply(patch: Any, version: str) -> None:
        _apply(target, collection, json.dumps(patch).encode(), version)

    @some(int(_REQUESTS * 0.03))
    @given(body=soup.patches(cls).flatmap(soup.spoilt) | soup.bodies)
    def apply_bytes(body: bytes) -> None:
        _apply(target, collection, body, "1.90")

    apply()
    apply_bytes()


def _apply(target: Target, collection: str, body: bytes, version: str) -> None:
    path = f"/v1/{collection}/{target.uuids[collection]}"
    before = target.row(collection)
    status, _ = target.ask("PATCH", path, body, version)
    after = target.row(collection)
    if status != 200:
        assert after == before, body
        return
    # What was accepted can be shown.
    assert target.ask("GET", path)[0] == 200
    everything = f"/v1/{collection}/detail"
    if after != before and any(route.path == everything for route in ROUTES):
        assert target.ask("GET", f"{everything}?limit=3")[0] == 200


# -- bodies, queries and bytes -----------------------------------------------

_BODIED = [route for route in ROUTES if route.takes is not None and route.takes != "patch"]


def test_bodies(target: Target) -> None:
    @some(int(_REQUESTS * 0.1))
    @given(route=st.sampled_from(_BODIED), body=soup.bodies)
    def send(route: Any, body: bytes) -> None:
        before = target.row("nodes")
        path = route.path.replace("{node}", "still")
        status, _ = target.ask(route.method, path, body)
        if status >= 400:
            assert target.row("nodes") == before

    send()


_LISTS = [route.path for route in _DESCRIBED if route.query and route.method == "GET"]


def test_queries(target: Target) -> None:
    @some(int(_REQUESTS * 0.1))
    @given(path=st.sampled_from(_LISTS), query=soup.queries, version=soup.versions)
    def ask(path: str, query: str, version: str) -> None:
        for name, known in {**_KNOWN, **target.uuids, "node": "still"}.items():
            path = path.replace(f"{{{name}}}", known)
        target.ask("GET", f"{path}?{query}", version=version.encode())

    ask()


def test_bytes(target: Target) -> None:
    @some(int(_REQUESTS * 0.1))
    @given(
        method=soup.methods,
        path=soup.paths,
        end=soup.crooked | st.just(b""),
        protocol=st.sampled_from([b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"FTP/1"]),
        headers=soup.headers,
        body=soup.sent,
    )
    def send(
        method: bytes, path: bytes, end: bytes, protocol: bytes, headers: list[bytes], body: bytes
    ) -> None:
        lines = [b"%s %s%s %s" % (method, path, end, protocol), b"Host: here", *headers]
        request = b"\r\n".join([*lines, b"Connection: close", b"", body])
        answer = wire.send(target.plane.port, request)
        if answer.ours and method != b"HEAD":
            target.judge(answer.status or 0, answer.body, repr(request[:1000]))
            return
        target.sent += 1
        assert (answer.status or 0) < 500 or answer.status in _PROTOCOL, (request[:1000], answer)

    send()


def test_the_plane_still_works(target: Target) -> None:
    """After all that, an honest life goes on."""
    uuid = target._make("nodes", driver="fake-hardware")
    provision = f"/v1/nodes/{uuid}/states/provision"
    assert target.ask("PUT", provision, b'{"target": "manage"}')[0] == 202
    wait_until(
        lambda: b'"provision_state":"manageable"' in target.ask("GET", f"/v1/nodes/{uuid}")[1]
    )
    log = target.plane.log_path.read_text(errors="replace")
    assert "Traceback" not in log
