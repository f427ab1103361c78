"""`kill -9` of the real process, with simulated machines behind IPMI and real agents."""

import asyncio
import dataclasses
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from baremetal.domain import states
from baremetal.simulator.fleet import Fleet
from baremetal.simulator.machine import Machine, Running
from tests.faults.mortal import AFTER, BEFORE
from tests.faults.mortal_process import MortalPlane
from tests.integration.simulated_rack import TIMING, described
from tests.support.asking import asked, provision, settled

pytestmark = pytest.mark.slow

OPTIONS = """[conductor]
enabled_hardware_types = ipmi
power_sync_interval = 0
agent_silence_timeout = 10
agent_report_interval = 0.1
"""
#: Real seconds per simulated one.
SCALE = 0.02
#: The commits of each flow with an agent: plan, boot, wait; then, resumed, judge, and what follows.
DEATHS = [
    ("inspect", 2, AFTER),
    ("inspect", 4, BEFORE),
    ("provide", 1, BEFORE),
    ("provide", 3, AFTER),
    ("deploy", 2, BEFORE),
    ("deploy", 3, AFTER),
    ("deploy", 4, AFTER),
    ("deploy", 5, BEFORE),
]
IMAGE = {
    "image_source": "http://images.example.org/a.raw",
    "image_checksum": "0" * 64,
    "image_size_mb": 512,
}
VERBS = {"inspect": "inspect", "provide": "provide", "deploy": "active"}


class Rack:
    """One simulated machine on an event loop of its own, whose agent calls a plane."""

    def __init__(self, api: str) -> None:
        (one,) = described(1)
        # Each death leaves a session behind for a minute.
        self.description = dataclasses.replace(
            one, bmc=dataclasses.replace(one.bmc, max_sessions=63)
        )
        self._fleet = Fleet([self.description], api, SCALE, TIMING)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._fleet.start(), self._loop).result(30)

    @property
    def machine(self) -> Machine:
        return self._fleet.machines[self.description.name]

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._fleet.stop(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[MortalPlane]:
    made = MortalPlane(tmp_path / "state", options=OPTIONS)
    yield made
    if made.running:
        made.stop()


@pytest.fixture
def rack(plane: MortalPlane) -> Iterator[Rack]:
    made = Rack(plane.url)
    yield made
    made.stop()


def _enrol(plane: MortalPlane, rack: Rack) -> str:
    bmc = rack.description.bmc
    body = {
        "driver": "ipmi",
        "driver_info": {
            "ipmi_address": bmc.address,
            "ipmi_port": bmc.port,
            "ipmi_username": bmc.username,
            "ipmi_password": bmc.password,
        },
        "instance_info": IMAGE,
    }
    uuid = str(asked(plane, "POST", "nodes", body)["uuid"])
    for mac in rack.description.macs:
        asked(plane, "POST", "ports", {"address": mac, "node_uuid": uuid})
    return uuid


def test_a_machine_comes_to_active_however_often_its_conductor_dies(
    plane: MortalPlane, rack: Rack
) -> None:
    """From enrolment on, one machine: each flow is begun anew for each of its deaths."""
    plane.live_again(None)
    node = _enrol(plane, rack)
    assert provision(plane, node, "manage")["provision_state"] == states.MANAGEABLE
    found: dict[str, Any] = {}
    for kind, at, when in DEATHS:
        state = asked(plane, "GET", f"nodes/{node}")["provision_state"]
        if kind == "provide" and state == states.AVAILABLE:
            provision(plane, node, "manage")
        if kind == "deploy" and state == states.ACTIVE:
            assert provision(plane, node, "deleted")["provision_state"] == states.AVAILABLE
            # The instance went with its user.
            patch = [{"op": "add", "path": "/instance_info", "value": IMAGE}]
            asked(plane, "PATCH", f"nodes/{node}", patch)
        plane.stop()
        plane.live_again(f"{kind}:{at}:{when}")
        # The conductor may die of it before the API has answered.
        with suppress(ConnectionError):
            asked(plane, "PUT", f"nodes/{node}/states/provision", {"target": VERBS[kind]})
        plane.wait_for_death()
        plane.live_again(None)
        found = settled(plane, node)
        operation = asked(plane, "GET", f"operations?node={node}")["operations"][-1]
        assert (operation["kind"], operation["state"]) == (kind, "succeeded"), str(operation)
        assert {step["state"] for step in operation["steps"]} == {"done"}
        assert found["last_error"] is None
        if kind == "inspect":
            assert found["properties"]["cpus"] == 16
    assert found["provision_state"] == states.ACTIVE
    assert rack.machine.powered_on
    assert rack.machine.running in (Running.FIRMWARE, Running.OPERATING_SYSTEM)
    assert any(disk.bootable for disk in rack.machine.disks)
