"""A run that is abandoned where it stands, by a process that died, ends as it would have."""

import importlib
from typing import Any

import pytest

from baremetal.conductor.flows import FLOWS
from baremetal.domain import operation as op
from tests.faults.conftest import Templates
from tests.faults.lives import LIVES, STYLES, Life
from tests.faults.mortal import AFTER, BEFORE, Killed, MortalStore
from tests.faults.world import begun, mortal
from tests.support.thirdparty.acme_baremetal.machine import read_machine


def _undisturbed(templates: Templates, life: Life, style: str) -> tuple[dict[str, Any], int, int]:
    """(outcome, writes, calls to the hardware) of a run that nothing happens to."""
    world = templates.at(life, style).world()
    uuid = begun(world, life)
    store = MortalStore(world.db)
    mortal(world, store)
    operation = world.live(uuid)
    assert operation.state == op.SUCCEEDED, operation
    world.assert_free()
    outcome = world.outcome(uuid)
    assert outcome["node"]["provision_state"] == life.after
    world.close()
    return outcome, store.count, len(read_machine(world.machine)["calls"])


def test_every_flow_has_a_life_in_every_style() -> None:
    for style in STYLES:
        assert {life.kind for life in LIVES if style in life.styles} == set(FLOWS)


def test_killed_at_any_write_it_goes_on(templates: Templates, life: Life, style: str) -> None:
    expected, writes, _calls = _undisturbed(templates, life, style)
    assert writes >= 2
    for at in range(1, writes + 1):
        for when in (BEFORE, AFTER):
            world = templates.at(life, style).world()
            uuid = begun(world, life)
            mortal(world, MortalStore(world.db, at, when))
            operation = world.live(uuid)
            assert world.outcome(uuid) == expected, (at, when)
            world.assert_free()
            # A run whose very end was written is not taken up again.
            waits = sum(1 for step in operation.steps if step.get("waited"))
            again = 0 if (at, when) == (writes, AFTER) else 1
            assert operation.attempts >= 1 + waits, (at, when)
            assert operation.attempts <= 1 + waits + again + life.name.count("hold"), (at, when)
            world.close()


def test_killed_in_any_call_to_its_hardware_it_goes_on(
    templates: Templates, life: Life, style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def vanish() -> None:
        raise Killed

    monkeypatch.setattr(importlib.import_module("acme_baremetal.machine"), "die", vanish)
    expected, _writes, calls = _undisturbed(templates, life, style)
    without = style == "fake" or (life.kind, style) == ("rescue", "acme")
    assert (calls == 0) is without
    for at in range(1, calls + 1):
        for when in (BEFORE, AFTER):
            world = templates.at(life, style).world(kill_at=at, kill_when=when)
            uuid = begun(world, life)
            world.live(uuid)
            assert len(read_machine(world.machine)["calls"]) > calls, "nobody was killed"
            assert world.outcome(uuid) == expected, (at, when)
            world.assert_free()
            world.close()


def test_killed_again_and_again_it_goes_on(templates: Templates, life: Life, style: str) -> None:
    """Each process brings the operation one step further, and dies."""
    expected, writes, _calls = _undisturbed(templates, life, style)
    world = templates.at(life, style).world()
    uuid = begun(world, life)
    restart, lives = world.house.restart, [0]

    def restart_mortally() -> None:
        restart()
        lives[0] += 1
        mortal(world, MortalStore(world.db, 3, AFTER))

    world.house.restart = restart_mortally  # type: ignore[method-assign]
    mortal(world, MortalStore(world.db, 3, AFTER))
    world.live(uuid)
    assert world.outcome(uuid) == expected
    assert lives[0] >= min(1, writes - 2)
    world.close()
