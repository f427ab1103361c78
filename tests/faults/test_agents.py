"""What agents say, when conductors die around them: nothing is lost, nothing stale believed."""

from collections.abc import Iterator
from typing import Any

import pytest

from baremetal.domain import operation as op
from baremetal.domain import states
from tests.faults.conftest import Templates
from tests.faults.lives import LIVES, Life
from tests.faults.mortal import BEFORE, Killed, MortalStore
from tests.faults.world import NODE, World, begun, mortal
from tests.support.thirdparty.acme_baremetal.machine import read_machine

DEPLOY = next(life for life in LIVES if life.name == "deploy")
STYLE = "acme-agent"
WITH_AGENT = [life for life in LIVES if life.kind in ("deploy", "provide", "inspect", "rescue")]


@pytest.fixture
def world(templates: Templates) -> Iterator[World]:
    made = templates.at(DEPLOY, STYLE).world()
    yield made
    made.close()


def _waiting(world: World, life: Life = DEPLOY) -> str:
    """The uuid of an operation that waits for its agent."""
    uuid = begun(world, life)
    world.house.work()
    assert world.house.store.get(uuid).state == op.WAITING
    return uuid


def _planned(world: World) -> tuple[str, dict[str, Any]]:
    """The uuid of an operation that waits for its agent, and the plan which that has taken."""
    uuid = _waiting(world)
    world.agent._look_up()
    plan = world.agent.take_plan()
    assert plan is not None
    return uuid, plan


def test_what_an_agent_reported_before_its_machine_was_booted_anew_is_not_believed(
    world: World,
) -> None:
    """The conductor dies after the boot; its agent works, since the API lives; all is done again.

    Were the first agent's success believed, the second one's writing would be cut off.
    """
    uuid = begun(world, DEPLOY)
    mortal(world, MortalStore(world.db, 4, BEFORE))  # claim, plan, boot; then the agent's step
    with pytest.raises(Killed):
        world.house.work()
    assert world.house.store.get(uuid).steps[2]["name"] == "boot_agent"
    assert read_machine(world.machine)["power"] == states.POWER_ON
    assert world.agent.turn(), "the first agent has its plan, and reports it done"
    assert world.house.store.get(uuid).signal is not None
    world.house.restart()
    world.house.work()
    assert world.house.store.get(uuid).state == op.WAITING
    assert read_machine(world.machine)["boot_device"] == "disk"
    assert world.agent.turn(), "the second agent has the plan to do, too"
    world.house.work()
    assert world.house.store.get(uuid).state == op.SUCCEEDED


def test_a_machine_that_was_booted_anew_lets_its_old_agent_say_nothing(world: World) -> None:
    uuid, plan = _planned(world)
    old = world.agent
    outcome = old.carry_out(plan)
    world.house.asked("POST", f"operations/{uuid}/cancel")
    world.house.work()
    assert old.report(outcome) == 401
    _waiting(world)
    assert old.report(outcome) == 401


@pytest.mark.parametrize("life", WITH_AGENT, ids=lambda life: life.name)
def test_the_last_word_may_be_said_twice_and_after_a_restart(
    templates: Templates, life: Life
) -> None:
    world = templates.at(life, STYLE).world()
    uuid = _waiting(world, life)
    world.agent._look_up()
    plan = world.agent.take_plan()
    assert plan is not None
    outcome = world.agent.carry_out(plan)
    assert world.agent.report(outcome) == 202
    world.house.restart()
    assert world.agent.report(outcome) == 202
    assert world.agent.take_plan() is None
    world.house.work()
    assert world.house.store.get(uuid).state == op.SUCCEEDED
    assert world.agent.report(outcome) in (401, 409)
    world.close()


def test_an_agent_that_fails_says_at_what_and_its_machine_is_put_back(world: World) -> None:
    uuid = _waiting(world)
    world.agent._look_up()
    plan = world.agent.take_plan()
    assert plan is not None
    failed = {"plan": plan["uuid"], "status": "failed", "step": "write_image", "error": "no disk"}
    assert world.agent.report(failed) == 202
    operation = world.live(uuid)
    row = world.house.row(NODE)
    assert (operation.state, row["provision_state"]) == (op.FAILED, states.DEPLOY_FAILED)
    assert row["last_error"] == "agent_deploy: The agent failed at 'write_image': no disk"
    machine = read_machine(world.machine)
    assert (machine["power"], machine["ramdisk"]) == (states.POWER_OFF, False)
    world.assert_free()


def test_an_agent_that_is_never_heard_of_is_not_waited_for_without_end(world: World) -> None:
    uuid = _waiting(world)
    world.clock.pass_time(1799)
    world.house.look_for_the_overdue()
    assert world.house.store.get(uuid).state == op.WAITING
    world.clock.pass_time(2)
    world.house.look_for_the_overdue()
    world.house.work()
    row = world.house.row(NODE)
    assert row["provision_state"] == states.DEPLOY_FAILED
    assert "was not heard of in time" in row["last_error"]
    assert read_machine(world.machine)["power"] == states.POWER_OFF


def test_an_agent_that_falls_silent_is_given_up_sooner(world: World) -> None:
    uuid = _waiting(world)
    world.agent._look_up()
    plan = world.agent.take_plan()
    assert plan is not None
    world.agent._heartbeat(progress={"plan": plan["uuid"], "status": "running", "percent": 5})
    world.clock.pass_time(301)
    world.house.look_for_the_overdue()
    world.house.work()
    assert world.house.store.get(uuid).state == op.FAILED


def test_an_undeploy_needs_not_wait_for_the_agent_of_a_deploy(world: World) -> None:
    uuid = _waiting(world)
    second = world.start("deleted", {})
    assert world.live(second).state == op.SUCCEEDED
    assert world.house.store.get(uuid).state == op.CANCELLED
    row = world.house.row(NODE)
    assert (row["provision_state"], row["instance_uuid"]) == (states.AVAILABLE, None)
    world.assert_free()


_DMI = {"inventory": {"system_vendor": {"serial_number": "CZ\x00\x00"}}}


@pytest.mark.parametrize(
    "said",
    [
        {"status": "running", "step": "write\x00image"},
        {"status": "running", "message": "at sector \x00"},
        {"status": "failed", "error": "dd: \x00"},
        {"status": "succeeded", "message": "\x00"},
        {"status": "succeeded", "results": _DMI},
        {"status": "succeeded", "results": {"a": [{"b\x00": 1}]}},
        {"status": "failed", "error": {"not": "text"}},
        {"status": "succeeded", "results": ["no object"]},
        {"status": "running", "step": "s" * 256},
    ],
    ids=str,
)
def test_what_no_column_can_hold_is_refused_and_hurts_nobody(
    world: World, said: dict[str, Any]
) -> None:
    """Let in, it would end each attempt to keep the outcome, on PostgreSQL, for ever."""
    uuid, plan = _planned(world)
    agent = world.agent
    body = agent._body(progress={"plan": plan["uuid"], **said})
    reply = world.house.request("POST", f"heartbeat/{agent._node}", body)
    assert reply.status == 400, reply
    assert "Invalid value for 'progress'" in reply.fault
    assert world.house.store.get(uuid).signal is None
    assert agent.report(agent.carry_out(plan)) == 202
    world.house.work()
    assert world.house.store.get(uuid).state == op.SUCCEEDED


def test_of_a_long_error_the_end_is_kept(world: World) -> None:
    uuid, plan = _planned(world)
    agent = world.agent
    error = "line\n" * 50_000 + "No space left on device"
    report = {"plan": plan["uuid"], "status": "failed", "step": "write_image", "error": error}
    assert agent.report(report) == 202
    world.house.work()
    told = world.house.asked("GET", f"operations/{uuid}")["error"]
    assert "No space left on device" in told
    assert len(told) < 2_000
