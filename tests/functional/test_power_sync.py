"""The power sweep as users see it: a machine switched by hand, and a BMC that nobody can reach."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import Api
from tests.support.plane import PlaneProcess


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    options = "[conductor]\npower_sync_interval = 1\n"
    with PlaneProcess(tmp_path / "state", options=options) as plane:
        yield Api(plane)


def _until(api: Api, path: str, wanted: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + 15
    while not wanted(found := api.get(path)):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def test_a_node_that_can_not_be_asked_is_told_of_and_hinders_no_other(api: Api) -> None:
    # Older versions enrol nodes as available, so that the sweep asks for them at once.
    for driver, name in (("ipmi", "mute"), ("fake-hardware", "well")):
        body = {"driver": driver, "name": name}
        assert api.ask("POST", "/v1/nodes", body, version="1.10")[0] == 201
    mute = _until(api, "/v1/nodes/mute", lambda node: node["fault"] is not None)
    assert mute["fault"] == "power failure"
    assert "driver_info/ipmi_address is missing" in mute["last_error"]
    assert mute["provision_state"] == "available"
    _until(api, "/v1/nodes/well", lambda node: node["power_state"] is not None)
    history = api.get("/v1/nodes/mute/history?detail=true")["history"]
    assert [event["event_type"] for event in history] == ["monitoring"]
    assert history[0]["event"].startswith("[")
    assert history[0]["event"].endswith(f"] {mute['last_error']}")
    assert history[0]["conductor"] == api.get("/v1/conductors")["conductors"][0]["hostname"]
    assert api.get("/v1/nodes/well/history")["history"] == []
    faulty = api.get("/v1/nodes?fault=power%20failure")["nodes"]
    assert [node["name"] for node in faulty] == ["mute"]
