"""The whole plane on PostgreSQL, in place of SQLite: the same lives, lists and restarts."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.plane import PlaneProcess

pytestmark = pytest.mark.postgres

HEADERS = {"X-OpenStack-Ironic-API-Version": "1.90"}
LEGS = (
    ("manage", "manageable"),
    ("inspect", "manageable"),
    ("provide", "available"),
    ("active", "active"),
    ("deleted", "available"),
)


@pytest.fixture
def postgres_plane(tmp_path: Path, postgres_url: str) -> Iterator[PlaneProcess]:
    options = f"[database]\nconnection = {postgres_url}\npool_size = 8\n"
    with PlaneProcess(tmp_path / "state", options=options) as plane:
        yield plane


def ask(plane: PlaneProcess, method: str, path: str, body: Any = None) -> Any:
    answer = requests.request(
        method, f"{plane.url}/v1/{path}", json=body, headers=HEADERS, timeout=30
    )
    assert answer.ok, answer.text
    return answer.json() if answer.content else None


def lead(plane: PlaneProcess, node: str, verb: str, goal: str) -> None:
    ask(plane, "PUT", f"nodes/{node}/states/provision", {"target": verb})
    states: Any = None
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        states = ask(plane, "GET", f"nodes/{node}/states")
        if states["target_provision_state"] is None:
            assert states["provision_state"] == goal, states
            return
        time.sleep(0.05)
    pytest.fail(f"{verb} did not end: {states}")


def test_nodes_live_on_postgresql_and_outlive_a_kill(postgres_plane: PlaneProcess) -> None:
    plane = postgres_plane
    for number in range(5):
        body = {
            "driver": "fake-hardware",
            "name": f"pg-{number}",
            "driver_info": {"password": "hidden"},
        }
        assert ask(plane, "POST", "nodes", body)["driver_info"] == {"password": "******"}
    for verb, goal in LEGS[:4]:
        lead(plane, "pg-0", verb, goal)
    plane.kill()
    plane.restart()
    lead(plane, "pg-0", *LEGS[4])
    ask(plane, "PATCH", "nodes/pg-1", [{"op": "add", "path": "/extra/rack", "value": 7}])
    names, path = [], "nodes/detail?limit=2&sort_key=name&sort_dir=desc"
    while path:
        page = ask(plane, "GET", path)
        names += [node["name"] for node in page["nodes"]]
        path = page["next"].split("/v1/")[1] if "next" in page else ""
    assert names == [f"pg-{number}" for number in (4, 3, 2, 1, 0)]
    kinds = [operation["kind"] for operation in ask(plane, "GET", "operations")["operations"]]
    assert kinds == ["verify", "inspect", "provide", "deploy", "undeploy"]
