"""A step that fails, is cancelled, or is done twice: the node is told, freed, and can go on."""

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from baremetal.conductor.flows import FLOWS
from baremetal.conductor.task import NodeTask
from baremetal.domain import operation as op
from baremetal.domain import states
from baremetal.domain.errors import DriverError
from baremetal.domain.operation import Operation
from baremetal.engine.flow import Flow, Step
from tests.faults.conftest import Templates
from tests.faults.lives import MORE, Life
from tests.faults.world import NODE, World, begun
from tests.support.thirdparty.acme_baremetal.machine import read_machine

Do = Callable[..., Any]
#: Changes a step's body, which is its `do` or its `resume`.
Wrap = Callable[[Do], Do]


def _with(kind: str, name: str, part: str, wrap: Wrap) -> dict[str, Flow[NodeTask]]:
    """All flows, with one part of one step changed."""
    flow = FLOWS[kind]
    steps: list[Step[NodeTask]] = []
    for step in flow.steps:
        changed: Any = {part: wrap(getattr(step, part))} if step.name == name else {}
        steps.append(replace(step, **changed))
    changed_flow = Flow(kind, tuple(steps), flow.on_success, flow.on_failure)
    return {**FLOWS, kind: changed_flow}


def _undisturbed(templates: Templates, life: Life, style: str) -> tuple[Operation, dict[str, Any]]:
    world = templates.at(life, style).world()
    uuid = begun(world, life)
    operation = world.live(uuid)
    outcome = world.outcome(uuid)
    world.close()
    return operation, outcome


def _parts(operation: Operation) -> Iterator[tuple[str, str]]:
    """(step, part) of all that an undisturbed operation did."""
    for record in operation.steps:
        yield record["name"], "do"
        if record.get("waited"):
            yield record["name"], "resume"


def _failing_before(_do: Do, error: Exception) -> Do:
    def fail(*_args: Any) -> None:
        raise error

    return fail


def _failing_after(do: Do, error: Exception) -> Do:
    def fail(*args: Any) -> None:
        do(*args)
        raise error

    return fail


def _failure_state(life: Life, name: str, before: Mapping[str, Any]) -> str:
    phases = states.PHASES.get(life.kind)
    if phases is None:
        return str(before["provision_state"])
    return phases[FLOWS[life.kind].by_name[name].phase].failure


def _check_undone(world: World, life: Life, operation: Operation, machine: dict[str, Any]) -> None:
    """Steps that had begun are undone, last first; a machine that was not touched is as it was."""
    flow = FLOWS[life.kind]
    entered = [record for record in operation.steps if record["state"] != "pending"]
    for record in entered:
        undo = flow.by_name[record["name"]].undo
        if undo is not None:
            assert record["state"] in ("undone", "failed"), record
            found = read_machine(world.machine)
            assert (found["power"], found["ramdisk"]) == (states.POWER_OFF, False)
    if not any(call.startswith(("set_", "prep", "exec", "clean")) for call in _calls(world)):
        assert {**read_machine(world.machine), "calls": []} == machine


def _calls(world: World) -> list[str]:
    return list(read_machine(world.machine)["calls"])


def _try_again(world: World, life: Life) -> None:
    """What a person does after the failure leads to where it should have led."""
    world.house.flows = dict(FLOWS)
    state = str(world.house.row(NODE)["provision_state"])
    if life.kind == "power":
        verbs = [life.verb]
    elif verb := next((v for v, k in states.VERBS.items() if k.get(state) == life.kind), ""):
        verbs = [verb]
    else:
        assert state in states.MOVES["manage"], f"nothing leads out of {state}"
        # What was taken back from its user only lacks its cleaning.
        verbs = ["manage", "provide" if life.kind == "undeploy" else life.verb]
    for verb in verbs:
        more = life.more if verb == life.verb else MORE.get(verb, {})
        uuid = world.start(verb, more)
        if uuid:
            assert world.live(uuid).state == op.SUCCEEDED
    row = world.house.row(NODE)
    assert (row["provision_state"], row["last_error"]) == (life.after, None)
    world.assert_free()


@pytest.mark.parametrize("failing", [_failing_before, _failing_after])
@pytest.mark.parametrize("error", [DriverError("the disk is on fire"), ZeroDivisionError()])
def test_a_failure_at_any_step(
    templates: Templates,
    life: Life,
    style: str,
    error: Exception,
    failing: Callable[[Do, Exception], Do],
) -> None:
    whole, _outcome = _undisturbed(templates, life, style)
    for name, part in _parts(whole):
        flows = _with(life.kind, name, part, lambda do: failing(do, error))
        world = templates.at(life, style).world(flows)
        before, machine = world.house.row(NODE), {**read_machine(world.machine), "calls": []}
        uuid = begun(world, life)
        operation = world.live(uuid)
        row = world.house.row(NODE)
        assert operation.state == op.FAILED, name
        assert row["provision_state"] == _failure_state(life, name, before), name
        reason = "fire" if isinstance(error, DriverError) else "ZeroDivisionError; see the log"
        assert row["last_error"].startswith(f"{name}: ")
        assert reason in row["last_error"]
        world.assert_free()
        _check_undone(world, life, operation, machine)
        _try_again(world, life)
        world.close()


def _cancelling(worlds: list[World], do: Do) -> Do:
    def cancel(task: NodeTask, *args: Any) -> Any:
        found = do(task, *args)
        worlds[0].house.asked("POST", f"operations/{task.operation.uuid}/cancel")
        return found

    return cancel


def test_a_cancel_in_any_step(templates: Templates, life: Life, style: str) -> None:
    whole, expected = _undisturbed(templates, life, style)
    parts = list(_parts(whole))
    for number, (name, part) in enumerate(parts):
        worlds: list[World] = []
        flows = _with(life.kind, name, part, partial(_cancelling, worlds))
        world = templates.at(life, style).world(flows)
        worlds.append(world)
        before, machine = world.house.row(NODE), {**read_machine(world.machine), "calls": []}
        uuid = begun(world, life)
        operation = world.live(uuid)
        world.assert_free()
        if number == len(parts) - 1:
            assert operation.state == op.SUCCEEDED, "what is done cannot be cancelled any more"
            assert world.outcome(uuid) == expected
            world.close()
            continue
        assert operation.state == op.CANCELLED, (name, part)
        stopped = operation.steps[operation.cursor]["name"]
        row = world.house.row(NODE)
        assert row["provision_state"] == _failure_state(life, stopped, before)
        assert row["last_error"] == f"The operation was stopped by cancel at step '{stopped}'."
        _check_undone(world, life, operation, machine)
        _try_again(world, life)
        world.close()


def test_any_step_may_be_done_twice(templates: Templates, life: Life, style: str) -> None:
    """As after a crash: what the first time left in memory is gone."""

    def twice(do: Do) -> Do:
        def again(task: NodeTask, *args: Any) -> Any:
            lost = copy.copy(task)
            lost.scratch, lost.changes = copy.deepcopy(task.scratch), {}
            do(lost, *args)
            return do(task, *args)

        return again

    whole, expected = _undisturbed(templates, life, style)
    for name, part in _parts(whole):
        world = templates.at(life, style).world(_with(life.kind, name, part, twice))
        uuid = begun(world, life)
        world.live(uuid)
        assert world.outcome(uuid) == expected, (name, part)
        world.close()
