"""BMCs that hang, babble, lose packets or let nobody in: they delay nobody else, and say why."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from baremetal.domain import operation as op
from baremetal.domain import states
from baremetal.domain.node import Node
from baremetal.drivers.ipmi import BUS
from baremetal.drivers.power.ipmi import IpmiPower
from baremetal.simulator.description import MachineDescription
from baremetal.simulator.faults import NO_BMC_FAULTS, BmcFaults
from tests.integration.ipmi_rack import Rack
from tests.support.api import Api
from tests.support.asking import wait_until
from tests.support.plane import PlaneProcess

pytestmark = pytest.mark.slow

HUNG, BABBLING = BmcFaults(silent=True), BmcFaults(garbage=True)
LOSSY, CLOSED = BmcFaults(drop_packets=0.5), BmcFaults(refuse_sessions=True)
#: Shares of a hundred machines, of which 54 are healthy then. Those that are closed keep an
#: operation for 75 s, and are more than a conductor has workers.
SHARES = {HUNG: 0.07, BABBLING: 0.07, LOSSY: 0.07, CLOSED: 0.25}
WORKERS = 16
#: What the node of each must say.
REASONS = {HUNG: "did not answer", BABBLING: "IPMI", CLOSED: "refuses new sessions"}
QUIET = "[conductor]\npower_sync_interval = 0\n"
SWEEPING = "[conductor]\npower_sync_interval = 2\n"
PATIENCE = 120.0


@pytest.fixture(scope="module")
def rack() -> Iterator[Rack]:
    made = Rack(100, SHARES, "127.0.0.1")
    yield made
    made.stop()


@pytest.fixture
def state(tmp_path: Path, rack: Rack) -> Path:
    """All machines enrolled, and none of them asked anything yet."""
    with PlaneProcess(tmp_path / "state", options=QUIET) as plane:
        api = Api(plane)
        for machine in rack.machines:
            body = {
                "name": machine.name,
                "driver": "ipmi",
                "driver_info": {
                    "ipmi_address": machine.bmc.address,
                    "ipmi_port": machine.bmc.port,
                    "ipmi_username": machine.bmc.username,
                    "ipmi_password": machine.bmc.password,
                },
            }
            # Old clients' nodes are available at once.
            assert api.ask("POST", "/v1/nodes", body, version="1.10")[0] == 201
    return tmp_path / "state"


def _names(rack: Rack, *kinds: BmcFaults) -> list[str]:
    return [machine.name for machine in rack.machines if machine.bmc_faults in kinds]


def _all(api: Api) -> dict[str, dict[str, Any]]:
    query = "fields=name,power_state,fault,last_error"
    return {node["name"]: node for node in api.get(f"/v1/nodes?{query}")["nodes"]}


def _why(plane: PlaneProcess, name: str) -> dict[str, Any]:
    """What `baremetal node why` tells of a node."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("OS_")}
    done = subprocess.run(
        [sys.executable, "-m", "baremetal.cmd.main", "node", "why", name, "-f", "json"],
        env={**kept, "OS_AUTH_TYPE": "none", "OS_ENDPOINT": plane.url},
        capture_output=True,
        check=True,
        timeout=60,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_sweep_is_not_slowed_and_each_node_says_why(state: Path, rack: Rack) -> None:
    healthy, hung = _names(rack, NO_BMC_FAULTS), _names(rack, HUNG)
    assert len(healthy) >= 50
    assert all(_names(rack, kind) for kind in SHARES)
    with PlaneProcess(state, options=SWEEPING) as plane:
        api = Api(plane)

        def sick_are_known() -> dict[str, dict[str, Any]] | None:
            """One look at all: nobody healthy waits for a BMC that is being given up."""
            seen = _all(api)
            if any(seen[name]["fault"] for name in hung):
                unread = [name for name in healthy if seen[name]["power_state"] is None]
                assert not unread, "they waited for the hung BMCs"
            known = all(seen[name]["power_state"] for name in seen)
            return seen if known else None

        seen = wait_until(sick_are_known, PATIENCE)
        assert {seen[name]["power_state"] for name in healthy} == {states.POWER_OFF}
        assert {seen[name]["fault"] for name in healthy} == {None}
        for machine in rack.machines:
            _check_reason(machine, seen[machine.name])
        for kind, reason in REASONS.items():
            told = _why(plane, _names(rack, kind)[0])
            assert told["fault"] == "power failure"
            assert reason in told["last_error"]
            assert "see to its BMC" in told["next"]


def _check_reason(machine: MachineDescription, node: dict[str, Any]) -> None:
    kind = machine.bmc_faults
    if kind == NO_BMC_FAULTS or (kind == LOSSY and node["fault"] is None):
        # Half of the packets may be enough.
        assert node["power_state"] == states.POWER_OFF
        return
    assert (node["power_state"], node["fault"]) == ("error", "power failure")
    assert str(machine.bmc.port) in node["last_error"]
    assert REASONS.get(kind, "") in node["last_error"]
    assert machine.bmc.password not in node["last_error"]


def test_operations_of_others_are_not_slowed_and_each_node_says_why(
    state: Path, rack: Rack
) -> None:
    healthy, closed = _names(rack, NO_BMC_FAULTS), _names(rack, CLOSED)
    sick = [*closed, *_names(rack, HUNG, BABBLING, LOSSY)]
    assert len(closed) > WORKERS
    with PlaneProcess(state, options=QUIET) as plane:
        api = Api(plane)
        begun = {name: _switch_on(api, name) for name in sick}
        wait_until(lambda: _states(api, closed, begun) <= {op.RUNNING, *op.OVER}, PATIENCE)
        after = {name: _switch_on(api, name) for name in healthy}
        wait_until(lambda: _states(api, healthy, after) <= set(op.OVER), PATIENCE)
        # All that time the closed ones were being asked to let us in.
        assert _states(api, closed, begun) == {op.RUNNING}
        assert _states(api, healthy, after) == {op.SUCCEEDED}
        assert {_all(api)[name]["power_state"] for name in healthy} == {states.POWER_ON}
        wait_until(lambda: _states(api, sick, begun) <= set(op.OVER), PATIENCE)
        for kind, reason in REASONS.items():
            for name in _names(rack, kind):
                operation = api.get(f"/v1/operations/{begun[name]}")
                assert operation["state"] == op.FAILED
                assert reason in operation["error"]
                node = api.get(f"/v1/nodes/{name}")
                assert node["last_error"] == operation["error"]
                assert (node["operation"], node["reservation"]) == (None, None)


def test_a_bmc_that_restarts_meanwhile_is_asked_again(rack: Rack) -> None:
    (place, machine), *_ = (
        (place, machine)
        for place, machine in enumerate(rack.machines)
        if machine.bmc_faults == NO_BMC_FAULTS
    )
    info = {
        "ipmi_address": machine.bmc.address,
        "ipmi_port": machine.bmc.port,
        "ipmi_username": machine.bmc.username,
        "ipmi_password": machine.bmc.password,
    }
    node = Node(
        uuid="00000000-0000-4000-8000-000000000001", version=1, driver="ipmi", driver_info=info
    )
    endpoint, failed = rack.fleet._endpoints[place], BUS.stats().login_failures
    rack.call(lambda: endpoint.break_wire(HUNG, 0))
    with ThreadPoolExecutor(1) as threads:
        change = threads.submit(IpmiPower().set_power_state, node, states.POWER_ON, PATIENCE)
        wait_until(lambda: BUS.stats().login_failures > failed, PATIENCE)
        rack.call(lambda: endpoint.break_wire(NO_BMC_FAULTS, 0))
        assert change.result(PATIENCE) == states.POWER_ON


def _switch_on(api: Api, name: str) -> str:
    """The operation."""
    api.do("PUT", f"/v1/nodes/{name}/states/power", {"target": states.POWER_ON})
    operations = api.get(f"/v1/operations?node={name}")["operations"]
    return str(operations[-1]["uuid"])


def _states(api: Api, names: list[str], operations: dict[str, str]) -> set[str]:
    found = [api.get(f"/v1/operations/{operations[name]}")["state"] for name in names]
    return set(found)
