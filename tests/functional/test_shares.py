"""Two conductors share the nodes, until one of them is heard of no more."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from baremetal.db.conductors import ConductorStore
from baremetal.db.database import Database
from tests.support.api import Api
from tests.support.plane import PlaneProcess

NODES = 40
#: How long the other conductor seems to be alive, until it is said to be gone.
SECONDS = 600


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[PlaneProcess]:
    with PlaneProcess(tmp_path / "state", options="[conductor]\npower_sync_interval = 1\n") as made:
        yield made


def _join(plane: PlaneProcess, hostname: str, seconds: float = SECONDS) -> None:
    """Another conductor says that it is there, with the drivers that the first one has."""
    db = Database(f"sqlite:///{plane.state_dir / 'baremetal.sqlite'}")
    members = ConductorStore(db)
    first, *_ = members.all()
    now = datetime.now(UTC)
    members.register(hostname, "", first["drivers"], now, now + timedelta(seconds=seconds))
    db.close()


def _until(found: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + 30
    while not wanted(seen := found()):
        assert time.monotonic() < deadline, seen
        time.sleep(0.1)
    return seen


def test_nodes_are_shared_and_taken_over(plane: PlaneProcess) -> None:
    api = Api(plane)
    mine = api.get("/v1/conductors")["conductors"][0]["hostname"]
    _join(plane, "other")
    # Both sides may believe for two seconds what they knew before.
    time.sleep(2.5)
    for number in range(NODES):
        # Older versions enrol nodes as available, so that the sweep asks for them at once.
        body = {"driver": "fake-hardware", "name": f"n{number}"}
        assert api.ask("POST", "/v1/nodes", body, version="1.10")[0] == 201

    def nodes(query: str = "") -> dict[str, dict[str, Any]]:
        found = api.get(f"/v1/nodes?fields=name,conductor,power_state{query}")["nodes"]
        return {node["name"]: node for node in found}

    def of(host: str) -> set[str]:
        return set(nodes(f"&conductor={host}"))

    def read(seen: dict[str, dict[str, Any]]) -> set[str]:
        return {name for name, node in seen.items() if node["power_state"]}

    # A sweep writes node by node, so the first ones say little.
    swept = _until(nodes, lambda seen: set() < of(mine) <= read(seen))
    assert {node["conductor"] for node in swept.values()} == {mine, "other"}
    assert {n for n, node in swept.items() if node["conductor"] == mine} == of(mine)
    assert {n for n, node in swept.items() if node["conductor"] == "other"} == of("other")
    assert read(swept) == of(mine)
    # The other one's word runs out, and with it its share.
    _join(plane, "other", 0)
    _until(nodes, lambda seen: all(node["power_state"] for node in seen.values()))
    # The API may believe for two seconds more what it knew before.
    _until(lambda: of(mine), lambda seen: seen == set(nodes()))
    assert of("other") == set()
