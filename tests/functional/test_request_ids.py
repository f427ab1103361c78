"""One request's id, from the API over the bus to each log line about it."""

import json
import threading
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import baremetal.cmd.backend  # noqa: F401 - must come before anything of oslo

# isort: split
import oslo_messaging

from baremetal import log
from baremetal.rpc.transport import EXCHANGE, TOPIC, Carrier, Client, answered, make_transport
from tests.support.asking import asked, settled
from tests.support.configuration import fresh_configuration
from tests.support.plane import PlaneProcess

NODES = 6


def _put(plane: PlaneProcess, node: str, given: str) -> str:
    """The id that the API gave to a request with somebody else's id."""
    request = urllib.request.Request(
        f"{plane.url}/v1/nodes/{node}/states/provision",
        json.dumps({"target": "manage"}).encode(),
        {
            "Content-Type": "application/json",
            "X-OpenStack-Ironic-API-Version": "1.90",
            "X-Openstack-Request-Id": given,
        },
        method="PUT",
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(answer.headers["Openstack-Request-Id"])


def test_each_line_about_an_operation_names_the_request_behind_it(tmp_path: Path) -> None:
    with PlaneProcess(tmp_path / "state", options="[DEFAULT]\nlog_format = json\n") as plane:
        ids: dict[str, tuple[str, str]] = {}
        for number in range(NODES):
            body = {"driver": "fake-hardware", "name": f"n{number}"}
            node = str(asked(plane, "POST", "nodes", body)["uuid"])
            given = f"req-{number:08}-0000-4000-8000-000000000000"
            ids[node] = (_put(plane, node, given), given)
        for node in ids:
            settled(plane, node)
        shown = asked(plane, "GET", "operations")["operations"]
        plane.stop()
    assert {op["node_uuid"]: (op["request_id"], op["global_request_id"]) for op in shown} == ids
    lines = [json.loads(line) for line in plane.log_path.read_text().splitlines()]
    for node, (request, given) in ids.items():
        about = [line for line in lines if f"node {node} " in line["message"]]
        assert {line["logger"] for line in about} == {
            "baremetal.engine.submit",
            "baremetal.engine.runner",
        }
        assert {(line["request_id"], line["global_request_id"]) for line in about} == {
            (request, given)
        }
        by_conductor = [line for line in about if line["logger"] == "baremetal.engine.runner"]
        assert {line["node"] for line in by_conductor} == {node}
        assert len({line["operation"] for line in by_conductor}) == 1


def test_an_id_that_is_none_is_not_taken_over(tmp_path: Path) -> None:
    with PlaneProcess(tmp_path / "state", options="[DEFAULT]\nlog_format = json\n") as plane:
        node = str(asked(plane, "POST", "nodes", {"driver": "fake-hardware"})["uuid"])
        _put(plane, node, "req-of-mine")
        settled(plane, node)
        (operation,) = asked(plane, "GET", "operations")["operations"]
        assert operation["global_request_id"] is None


class _Endpoint:
    """Says in which context it was called."""

    target = oslo_messaging.Target(version="1.0")

    def context(self, _context: Any) -> Mapping[str, Any]:
        return answered([threading.current_thread().name, dict(log.CONTEXT.get())])


def test_a_question_over_the_bus_brings_its_request_along(tmp_path: Path) -> None:
    transport = make_transport(fresh_configuration(tmp_path), "inproc://")
    server = oslo_messaging.get_rpc_server(
        transport,
        oslo_messaging.Target(topic=TOPIC, server="ids", exchange=EXCHANGE),
        [_Endpoint()],
        serializer=Carrier(),
        access_policy=oslo_messaging.DefaultRPCAccessPolicy,
    )
    server.start()
    client = Client(transport, TOPIC, "1.0")
    for context in ({"request_id": "req-1", "global_request_id": "req-2"}, {}):
        before = log.CONTEXT.set(context)
        thread, seen = client.ask("ids", "context", 30)
        log.CONTEXT.reset(before)
        assert thread != threading.current_thread().name
        assert seen == context
    server.stop()
    server.wait()
    transport.cleanup()
