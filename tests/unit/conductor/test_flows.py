"""All flows, as the tables that they are."""

import pytest

from baremetal.conductor.flows import FLOWS
from baremetal.domain import states
from baremetal.drivers.interfaces import DeployInterface


@pytest.mark.parametrize("kind", FLOWS)
def test_a_flow_goes_through_the_phases_of_its_kind(kind: str) -> None:
    phases = states.PHASES.get(kind)
    numbers = [step.phase for step in FLOWS[kind].steps]
    assert numbers == sorted(numbers)
    if phases is None:
        assert set(numbers) == {0}
    else:
        assert set(numbers) <= set(range(len(phases)))


def test_there_is_a_flow_for_each_kind_of_operation() -> None:
    assert set(FLOWS) == {*states.PHASES, "power"}
    assert all(flow.kind == kind for kind, flow in FLOWS.items())


@pytest.mark.parametrize("kind", FLOWS)
def test_steps_are_told_apart_by_their_names(kind: str) -> None:
    names = [step.name for step in FLOWS[kind].steps]
    assert len(names) == len(set(names)) >= 1


@pytest.mark.parametrize("kind", FLOWS)
def test_a_step_that_waits_has_states_to_wait_in(kind: str) -> None:
    for step in FLOWS[kind].steps:
        if step.resume is not None:
            phase = states.PHASES[kind][step.phase]
            assert phase.waiting is not None
            assert phase.hold is not None or not step.name.startswith("run_")


@pytest.mark.parametrize("kind", FLOWS)
def test_only_a_first_step_is_quick_and_a_quick_one_leaves_nothing_to_undo(kind: str) -> None:
    for number, step in enumerate(FLOWS[kind].steps):
        if step.quick:
            assert (number, step.undo, step.resume) == (0, None, None)


def test_a_ramdisk_that_was_booted_is_sent_away_again() -> None:
    """By a later step where all goes well, by an undo where it does not."""
    for flow in FLOWS.values():
        names = [step.name for step in flow.steps]
        if "boot_agent" in names and flow.kind != "rescue":
            assert names.index("boot_agent") < max(
                names.index(name) for name in names if name in ("leave_agent", "boot_instance")
            )
            assert flow.by_name["boot_agent"].undo is not None


def test_the_capability_that_flows_look_for_is_documented() -> None:
    assert "``agent``" in (DeployInterface.__doc__ or "")
