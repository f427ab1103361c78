"""Allocations against each other, and across a crash."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.api import Api
from tests.support.plane import PlaneProcess


def test_racing_wishes_share_no_node(plane: PlaneProcess) -> None:
    api = Api(plane)
    with ThreadPoolExecutor(4) as pool:
        names = [f"race-{number}" for number in range(4)]
        uuids = {
            node["uuid"]
            for node in pool.map(lambda name: api.available(name, resource_class="race"), names)
        }

    def wish(_number: int) -> tuple[str, str | None]:
        made = Api(plane).do("POST", "/v1/allocations", {"resource_class": "race"})
        return made["uuid"], made["node_uuid"]

    with ThreadPoolExecutor(8) as racers:
        made = list(racers.map(wish, range(12)))
    fulfilled = {allocation: node for allocation, node in made if node is not None}
    assert set(fulfilled.values()) == uuids
    assert len(fulfilled) == len(uuids)
    for allocation, node in fulfilled.items():
        assert api.get(f"/v1/nodes/{node}")["instance_uuid"] == allocation
    for allocation, _ in made:
        api.do("DELETE", f"/v1/allocations/{allocation}")
    for name in names:
        assert api.get(f"/v1/nodes/{name}")["allocation_uuid"] is None
        api.do("DELETE", f"/v1/nodes/{name}")


@pytest.mark.slow
def test_an_allocation_outlives_a_kill_with_its_node(tmp_path: Path) -> None:
    with PlaneProcess(tmp_path / "state") as plane:
        api = Api(plane)
        node = api.available("kept", resource_class="x")
        made = api.do("POST", "/v1/allocations", {"resource_class": "x", "name": "mine"})
        plane.kill()
        plane.restart()
        api = Api(plane)
        found = api.get("/v1/allocations/mine")
        assert found == made
        assert api.get("/v1/nodes/kept")["allocation_uuid"] == found["uuid"]
        assert found["node_uuid"] == node["uuid"]
