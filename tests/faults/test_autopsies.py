"""Whatever goes wrong, the failed operation says why, what was seen, and what to try."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from baremetal.db.database import Database
from baremetal.domain import operation as op
from baremetal.domain.autopsy import CAUSES
from baremetal.drivers.bmc.bus import IpmiBus
from baremetal.drivers.bmc.timing import Timings
from baremetal.simulator.faults import BmcFaults
from tests.faults.conftest import Templates
from tests.faults.lives import LIVES
from tests.faults.world import NODE, World, begun
from tests.integration.ipmi_rack import Rack
from tests.support.clock import ManualClock
from tests.support.house import House
from tests.support.thirdparty.acme_baremetal.machine import make_machine

DEPLOY = next(life for life in LIVES if life.name == "deploy")
_IPMITOOL = (
    "ipmitool -I lanplus -H 127.0.0.1 -p {port} -U {user} -L ADMINISTRATOR -a chassis status"
)


def autopsy(house: House, uuid: str) -> dict[str, Any]:
    """What the API tells, which must always have all of its parts."""
    found: dict[str, Any] = house.asked("GET", f"operations/{uuid}/autopsy")
    assert set(found) == {"step", "cause", "meaning", "message", "at", "evidence", "next"}
    assert found["meaning"] == CAUSES[found["cause"]]
    assert {"timings", "attempts", "conductor"} <= set(found["evidence"])
    assert found["evidence"]["conductor"] == "house"
    assert found["next"]
    shown = house.asked("GET", f"operations/{uuid}")
    assert shown["cause"] == found["cause"]
    assert uuid in str(house.asked("GET", f"operations?cause={found['cause']}"))
    return found


# -- BMCs ------------------------------------------------------------------


@pytest.fixture
def rack_with() -> Iterator[Callable[[BmcFaults], Rack]]:
    racks: list[Rack] = []

    def make(faults: BmcFaults) -> Rack:
        racks.append(Rack(1, faults, "127.0.0.1"))
        return racks[-1]

    yield make
    for rack in racks:
        rack.stop()


@pytest.fixture
def house(
    tmp_path: Path, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    """A plane that loses its patience with BMCs soon."""
    options = {"enabled_hardware_types": ["fake-hardware", "ipmi"]}
    with IpmiBus(Timings(silence=4.0, sessions_taken=0.5, ask_for_session=0.2)) as bus:
        monkeypatch.setattr("baremetal.drivers.power.ipmi.BUS", bus)
        yield House(sqlite_database, tmp_path, ManualClock(), options)


@pytest.mark.parametrize(
    ("faults", "cause", "said"),
    [
        (BmcFaults(silent=True), "bmc-unreachable", "did not answer"),
        (BmcFaults(garbage=True), "bmc-garbled", "no IPMI answers"),
        (BmcFaults(refuse_sessions=True), "bmc-refused", "refuses new sessions"),
        (BmcFaults(wrong_password=True), "bmc-refused", "refused user"),
    ],
    ids=["silent", "garbage", "no-sessions", "wrong-password"],
)
def test_a_bmc_that_fails_is_told_from_others_that_do(
    house: House,
    rack_with: Callable[[BmcFaults], Rack],
    faults: BmcFaults,
    cause: str,
    said: str,
) -> None:
    (bmc,) = rack_with(faults).bmcs()
    info = {
        "ipmi_address": bmc.host,
        "ipmi_port": bmc.port,
        "ipmi_username": bmc.username,
        "ipmi_password": bmc.password,
    }
    house.enrol("n", driver="ipmi", driver_info=info)
    uuid = house.provision("n", "manage")
    house.work()
    found = autopsy(house, uuid)
    assert (found["cause"], found["step"]) == (cause, "check_power"), found
    assert said in found["message"]
    last = found["evidence"]["bmc"][-1]
    assert last["command"] == "Get Chassis Status"
    assert said in last["outcome"]
    assert last["at"].startswith("20")
    assert _IPMITOOL.format(port=bmc.port, user=bmc.username) in found["next"]
    assert "baremetal node manage n" in found["next"]
    assert bmc.password not in json.dumps(found)


def test_a_field_that_is_missing_is_a_matter_of_configuration(house: House) -> None:
    house.enrol("n", driver="ipmi")
    uuid = house.provision("n", "manage")
    house.work()
    found = autopsy(house, uuid)
    assert found["cause"] == "configuration"
    assert "baremetal node validate n" in found["next"]


# -- agents, and drivers of others -----------------------------------------


@pytest.fixture
def world(templates: Templates) -> Iterator[World]:
    made = templates.at(DEPLOY, "acme-agent").world()
    yield made
    made.close()


def _waiting(world: World) -> str:
    uuid = begun(world, DEPLOY)
    world.house.work()
    assert world.house.store.get(uuid).state == op.WAITING
    world.clock.pass_time(60)
    return uuid


def _working(world: World) -> str:
    """The uuid of the agent's plan, of which it has reported a part."""
    world.agent._look_up()
    plan = world.agent.take_plan()
    assert plan is not None
    for percent, message in ((5, "connecting"), (40, "written 400 of 1000 MiB")):
        report = {"status": "running", "step": "write_image", "message": message}
        world.agent._heartbeat(progress={"plan": plan["uuid"], "percent": percent, **report})
        world.clock.pass_time(1)
    return str(plan["uuid"])


def test_an_agent_that_reports_a_failure_is_quoted_without_its_secrets(world: World) -> None:
    uuid = _waiting(world)
    failed = {
        "plan": _working(world),
        "status": "failed",
        "step": "write_image",
        "error": "http://images/a.raw?pin=1234: no space",
    }
    assert world.agent.report(failed) == 202
    world.house.work()
    found = autopsy(world.house, uuid)
    assert (found["cause"], found["step"]) == ("agent-reported-failure", "agent_deploy")
    agent = found["evidence"]["agent"]
    assert [(r["percent"], r["message"]) for r in agent["reports"]] == [
        (61, "write_image: connecting"),
        (68, "write_image: written 400 of 1000 MiB"),
    ]
    assert agent["last_word"]["error"] == "http://images/a.raw?pin=******: no space"
    assert "1234" not in json.dumps(found)
    assert "1234" not in str(world.house.asked("GET", f"nodes/{NODE}")["last_error"])
    assert found["next"][-1] == f"baremetal node deploy {NODE}"


def test_an_agent_that_falls_silent_is_told_with_its_last_report(world: World) -> None:
    uuid = _waiting(world)
    _working(world)
    world.clock.pass_time(400)
    world.house.look_for_the_overdue()
    world.house.work()
    found = autopsy(world.house, uuid)
    assert found["cause"] == "agent-silent"
    agent, seconds = found["evidence"]["agent"], found["evidence"]["timings"]
    assert agent["heard_seconds_ago"] == 401
    assert agent["message"] == "write_image: written 400 of 1000 MiB"
    assert agent["last_word"] is None
    assert seconds["agent_deploy, waiting"] == 462
    assert f"baremetal node boot device show {NODE}" in found["next"]


def test_an_agent_that_never_came_is_told_as_such(world: World) -> None:
    uuid = _waiting(world)
    world.clock.pass_time(2000)
    world.house.look_for_the_overdue()
    world.house.work()
    found = autopsy(world.house, uuid)
    assert found["cause"] == "agent-silent"
    assert found["evidence"]["agent"]["heard_at"] is None


def test_a_defect_of_a_driver_is_blamed_on_it_with_its_place(world: World) -> None:
    make_machine(world.machine)
    broken = json.loads(world.machine.read_text())
    del broken["persistent"]
    world.machine.write_text(json.dumps(broken))
    uuid = begun(world, DEPLOY)
    world.house.work()
    found = autopsy(world.house, uuid)
    assert found["cause"] == "driver-defect"
    assert found["evidence"]["where"].startswith("acme_baremetal.power:set_power_state, line ")


def test_a_password_that_is_a_plain_word_spoils_no_command(world: World) -> None:
    path = "/instance_info/admin_password"
    patch = [{"op": "add", "path": path, "value": "node"}]
    world.house.asked("PATCH", f"nodes/{NODE}", patch)
    uuid = _waiting(world)
    plan = _working(world)
    failed = {"plan": plan, "status": "failed", "step": "s", "error": "password is node"}
    assert world.agent.report(failed) == 202
    world.house.work()
    found = autopsy(world.house, uuid)
    assert found["message"].endswith("password is ******")
    assert found["next"][-1] == f"baremetal node deploy {NODE}"


def test_a_cancelled_operation_says_that_somebody_asked_for_it(world: World) -> None:
    uuid = _waiting(world)
    world.house.asked("POST", f"operations/{uuid}/cancel")
    world.house.work()
    assert autopsy(world.house, uuid)["cause"] == "cancelled"


def test_what_goes_on_or_went_well_has_none(world: World) -> None:
    uuid = _waiting(world)
    for state in ("waiting", "succeeded"):
        reply = world.house.request("GET", f"operations/{uuid}/autopsy")
        assert reply.status == 404
        assert f"is {state} and has no autopsy" in reply.fault
        assert world.house.asked("GET", f"operations/{uuid}")["cause"] is None
        world.live(uuid)
    unknown = world.house.request("GET", f"operations/{'0' * 8}-0000-4000-8000-{'0' * 12}/autopsy")
    assert unknown.status == 404
    assert "could not be found" in unknown.fault
