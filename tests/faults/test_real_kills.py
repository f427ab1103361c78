"""`kill -9` of the real process: each flow, before and after a commit and in a call to hardware."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from baremetal.conductor.flows import FLOWS
from baremetal.domain import operation as op
from baremetal.domain import states
from tests.faults.lives import LIVES, MORE, Life
from tests.faults.mortal import AFTER, BEFORE
from tests.faults.mortal_process import MortalPlane
from tests.support.asking import asked, provision, settled
from tests.support.plane import PlaneProcess
from tests.support.thirdparty.acme_baremetal.machine import make_machine, read_machine

pytestmark = pytest.mark.slow

OPTIONS = """[conductor]
enabled_hardware_types = fake-hardware,acme
power_sync_interval = 0
"""
#: One life for each kind of operation; the rest of them dies in test_kills.py.
ONE_EACH = [next(life for life in LIVES if life.kind == kind) for kind in FLOWS]


@pytest.fixture
def plane(tmp_path: Path, acme_environment: dict[str, str]) -> Iterator[MortalPlane]:
    made = MortalPlane(tmp_path / "state", options=OPTIONS, environment=acme_environment)
    yield made
    if made.running:
        made.stop()


def _enrolled(plane: PlaneProcess, machine: Path, life: Life) -> str:
    """The uuid of a node at the beginning of a life."""
    make_machine(machine)
    body = {
        "driver": "acme",
        "driver_info": {"acme_chassis": str(machine), "acme_pin": "1234"},
        "instance_info": {"image_source": "http://images.example.org/a.raw"},
    }
    uuid = str(asked(plane, "POST", "nodes", body)["uuid"])
    for verb in life.before:
        provision(plane, uuid, verb, **MORE.get(verb, {}))
    return uuid


def _ask_for(plane: PlaneProcess, node: str, life: Life) -> None:
    part = "power" if life.kind == "power" else "provision"
    body = {"target": life.verb, **life.more}
    # The conductor may die of it before the API has answered.
    with suppress(ConnectionError):
        asked(plane, "PUT", f"nodes/{node}/states/{part}", body)


def _check_end(plane: PlaneProcess, node: str, life: Life, *, was_over: bool) -> None:
    """The operation has ended as it would have without a death."""
    found = settled(plane, node)
    operation: dict[str, Any] = asked(plane, "GET", f"operations?node={node}")["operations"][-1]
    assert (operation["kind"], operation["state"]) == (life.kind, op.SUCCEEDED), operation
    assert operation["attempts"] == (1 if was_over else 2)
    assert found["provision_state"] == life.after
    assert (found["reservation"], found["last_error"]) == (None, None)
    machine = read_machine(Path(found["driver_info"]["acme_chassis"]))
    assert machine["power"] == (found["power_state"] or states.POWER_OFF)
    assert not machine["ramdisk"]
    if life.kind in ("deploy", "rebuild"):
        assert (machine["power"], machine["disk"]) == (
            states.POWER_ON,
            "http://images.example.org/a.raw",
        )
    if life.after == states.AVAILABLE:
        assert machine["disk"] == ""


def _deaths(when: str) -> Sequence[str]:
    """The first commit of each flow, which for some is also the last."""
    return [f"{life.kind}:1:{when}" for life in ONE_EACH]


@pytest.mark.parametrize("when", [BEFORE, AFTER])
def test_each_flow_killed_at_a_commit(plane: MortalPlane, tmp_path: Path, when: str) -> None:
    """Each life in which one operation is brought to its end is cut off in the next."""
    deaths = [*_deaths(when), None]
    plane.live_again(deaths[0])
    for number, life in enumerate(ONE_EACH):
        node = _enrolled(plane, tmp_path / f"{life.name}.json", life)
        _ask_for(plane, node, life)
        plane.wait_for_death()
        was_over = plane.is_over(node)
        assert not was_over or when == AFTER
        plane.live_again(deaths[number + 1])
        _check_end(plane, node, life, was_over=was_over)


def test_each_flow_killed_in_a_call_to_its_hardware(plane: MortalPlane, tmp_path: Path) -> None:
    plane.start()
    for number, life in enumerate(life for life in ONE_EACH if life.kind != "rescue"):
        machine = tmp_path / f"{life.name}.json"
        node = _enrolled(plane, machine, life)
        found = read_machine(machine)
        fatal = {"kill_at": len(found["calls"]) + 1, "kill_when": (BEFORE, AFTER)[number % 2]}
        make_machine(machine, **{**found, **fatal})
        _ask_for(plane, node, life)
        plane.wait_for_death()
        assert not plane.is_over(node)
        plane.start()
        _check_end(plane, node, life, was_over=False)
