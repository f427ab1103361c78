"""The whole at a glance, and what happened lately: figures that add up with the lists."""

import itertools
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.support.api import Api
from tests.support.plane import PlaneProcess


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A plane in which nobody else counts."""
    with PlaneProcess(tmp_path_factory.mktemp("summary")) as plane:
        yield Api(plane)


def test_an_empty_house_counts_to_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    with PlaneProcess(tmp_path_factory.mktemp("empty")) as plane:
        found = Api(plane).get("/v1/summary")
    assert found["nodes"] == {
        "total": 0,
        "provision_state": {},
        "power_state": {},
        "maintenance": 0,
        "fault": 0,
    }
    assert found["operations"] == {"queued": 0, "running": 0, "waiting": 0}
    (conductor,) = found["conductors"]
    assert conductor["alive"] is True
    assert (conductor["nodes"], conductor["running"], conductor["waiting"]) == (0, 0, 0)


def test_nodes_are_counted_as_lists_show_them(api: Api) -> None:
    parent = api.available("counted")
    for name in ("fresh", "kept"):
        api.do("POST", "/v1/nodes", {"driver": "fake-hardware", "name": name})
    api.do("PUT", "/v1/nodes/kept/maintenance", {"reason": "a fan"})
    child = {"driver": "fake-hardware", "name": "part", "parent_node": parent["uuid"]}
    api.do("POST", "/v1/nodes", child)

    listed = api.get("/v1/nodes/detail")["nodes"]
    found = api.get("/v1/summary")["nodes"]
    assert found["total"] == len(listed)
    assert found["provision_state"] == Counter(node["provision_state"] for node in listed)
    assert found["power_state"] == Counter(node["power_state"] or "unknown" for node in listed)
    assert found["maintenance"] == 1
    assert found["fault"] == 0


def test_a_conductor_has_its_nodes_and_what_it_has_to_do(api: Api) -> None:
    before = api.get("/v1/summary")
    node = api.available("busy")["name"]
    for target in ("manage", "clean"):
        steps = {"clean_steps": [{"interface": "deploy", "step": "hold"}]}
        body = {"target": target, **(steps if target == "clean" else {})}
        api.do("PUT", f"/v1/nodes/{node}/states/provision", body)
    api.until(lambda: api.get(f"/v1/nodes/{node}")["provision_state"] == "clean hold")

    after = api.get("/v1/summary")
    assert after["operations"] == {"queued": 0, "running": 0, "waiting": 1}
    (was,), (conductor,) = before["conductors"], after["conductors"]
    assert conductor["nodes"] == was["nodes"] + 1
    assert (conductor["running"], conductor["waiting"]) == (0, 1)
    assert set(conductor) == {
        *("hostname", "conductor_group", "alive", "updated_at", "nodes", "running", "waiting")
    }
    api.do("PUT", f"/v1/nodes/{node}/states/provision", {"target": "abort"})


def test_events_of_a_node_are_listed_newest_first(api: Api) -> None:
    node = api.available("eventful")
    api.available("another")
    events = api.get(f"/v1/events?node={node['name']}")["events"]
    numbers = [event["id"] for event in events]
    assert numbers == sorted(numbers, reverse=True)
    assert {event["data"]["node_uuid"] for event in events} == {node["uuid"]}
    assert events[-1]["type"] == "node.created"
    moves = [e["data"] for e in reversed(events) if e["type"] == "node.provision_state"]
    assert [moves[0]["from"], moves[-1]["to"]] == ["enroll", "available"]
    assert all(one["to"] == other["from"] for one, other in itertools.pairwise(moves))


def test_events_are_as_many_as_were_asked_for(api: Api) -> None:
    api.available("again")
    assert len(api.get("/v1/events?limit=3")["events"]) == 3
    newest = api.get("/v1/events")["events"][0]
    assert api.get("/v1/events?limit=1")["events"] == [newest]
    status, document = api.ask("GET", "/v1/events?limit=few")
    assert status == 400, document
    status, document = api.ask("GET", "/v1/events?node=nobody")
    assert status == 404, document
