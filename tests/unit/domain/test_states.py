"""The state tables: what they promise to a node in any state."""

from collections.abc import Iterator

import pytest

from baremetal.domain import states

PHASES = sorted(
    {phase for phases in states.PHASES.values() for phase in phases}, key=lambda phase: phase.during
)
WAITING = sorted({phase.waiting for phase in PHASES if phase.waiting})
HOLDS = sorted({phase.hold for phase in PHASES if phase.hold})
FAILURES = sorted({phase.failure for phase in PHASES})
BUSY = {phase.during for phase in PHASES}


def _steps_from(state: str) -> Iterator[str]:
    """Every state that one verb, and the operation that it starts, may lead to."""
    for targets in states.MOVES.values():
        if state in targets:
            yield targets[state]
    for kinds in states.VERBS.values():
        for phase in states.PHASES.get(kinds.get(state, ""), ()):
            yield from filter(
                None, (phase.during, phase.waiting, phase.hold, phase.success, phase.failure)
            )


def _reachable(start: str) -> set[str]:
    seen, frontier = {start}, [start]
    while frontier:
        new = set(_steps_from(frontier.pop())) - seen
        seen |= new
        frontier += new
    return seen


def test_every_state_can_be_reached_from_enrolment() -> None:
    assert _reachable(states.ENROLL) == states.ALL


def test_all_names_every_state_that_the_module_declares() -> None:
    power = {states.POWER_ON, states.POWER_OFF, states.REBOOT}
    power |= {states.SOFT_POWER_OFF, states.SOFT_REBOOT}
    declared = {
        value for name, value in vars(states).items() if name.isupper() and isinstance(value, str)
    }
    assert declared - power == states.ALL


@pytest.mark.parametrize("state", sorted(states.ALL - BUSY - set(WAITING) - set(HOLDS)))
def test_from_every_state_of_rest_a_node_can_become_available_again(state: str) -> None:
    assert states.AVAILABLE in _reachable(state)


@pytest.mark.parametrize("state", WAITING + HOLDS)
def test_a_person_can_end_every_waiting(state: str) -> None:
    by_undeploy = states.started_by("deleted", state) is not None
    assert state in states.ABORTABLE or by_undeploy


@pytest.mark.parametrize("state", HOLDS)
def test_every_hold_can_be_lifted(state: str) -> None:
    assert state in states.HELD


def test_only_waiting_states_can_be_aborted_and_only_holds_lifted() -> None:
    assert {*WAITING, *HOLDS} >= states.ABORTABLE
    assert set(HOLDS) == states.HELD


@pytest.mark.parametrize(
    ("verb", "state", "kind"),
    [(verb, state, kind) for verb, kinds in states.VERBS.items() for state, kind in kinds.items()],
)
def test_a_verb_starts_a_known_operation_from_a_known_state(
    verb: str, state: str, kind: str
) -> None:
    assert state in states.ALL
    assert kind in states.PHASES
    assert state not in BUSY, "a verb must not start a second operation beside one that works"
    if state in {*WAITING, *HOLDS}:
        assert kind == "undeploy", "only an undeploy puts a waiting operation aside"


def test_every_operation_with_phases_is_started_by_a_verb() -> None:
    started = {kind for kinds in states.VERBS.values() for kind in kinds.values()}
    assert started == set(states.PHASES)


@pytest.mark.parametrize("kind", states.PHASES)
def test_after_a_failure_something_can_be_tried_again(kind: str) -> None:
    for phase in states.PHASES[kind]:
        verbs = [verb for verb, kinds in states.VERBS.items() if phase.failure in kinds]
        moves = [verb for verb, targets in states.MOVES.items() if phase.failure in targets]
        assert verbs + moves


@pytest.mark.parametrize("verb", states.MOVES)
def test_a_move_is_never_also_an_operation(verb: str) -> None:
    assert not set(states.MOVES[verb]) & set(states.VERBS.get(verb, {}))


@pytest.mark.parametrize("kind", states.PHASES)
def test_phases_are_the_only_states_of_their_stretch(kind: str) -> None:
    for phase in states.PHASES[kind]:
        during = [phase.during, phase.waiting, phase.hold]
        named = [state for state in during if state]
        assert len(named) == len(set(named))
        assert not set(named) & {phase.success, phase.failure}


def test_deletable_and_driver_changeable_states_are_states_of_rest() -> None:
    at_work = {*BUSY, *WAITING, *HOLDS}
    assert not states.DELETABLE & at_work
    assert not states.DRIVER_CHANGEABLE & at_work


def test_aliases_and_versions_speak_of_verbs_that_exist() -> None:
    verbs = {*states.VERBS, *states.MOVES, "abort", "unhold"}
    assert {verb for verb, _ in states.ALIASES.values()} <= verbs
    assert set(states.VERB_SINCE) <= verbs


def test_every_power_target_leads_to_on_or_off() -> None:
    assert set(states.POWER_TARGETS.values()) == {states.POWER_ON, states.POWER_OFF}
    assert set(states.POWER_SINCE) <= set(states.POWER_TARGETS)


@pytest.mark.parametrize("state", [None, "", "no such state"])
def test_nothing_starts_in_a_state_that_does_not_exist(state: str | None) -> None:
    assert all(states.started_by(verb, state) is None for verb in states.VERBS)
