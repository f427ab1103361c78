"""A rolling upgrade: a conductor of the older contract beside a new one."""

import signal

import pytest

from devstack.stack import Stack
from tests.faults.production.storm import Caller, Storm, check_nothing_is_left
from tests.support.asking import wait_until

pytestmark = pytest.mark.slow


def _load(caller: Caller, conductor: str) -> object:
    return caller.insist("GET", f"conductors/{conductor}")["load"]


def test_an_old_conductor_works_beside_a_new_one(plane: Stack, caller: Caller) -> None:
    old, new = plane.conductors
    old.stop()
    plane.start_conductor(0, module="tests.support.old_conductor")
    try:
        wait_until(lambda: plane.alive() == 2, 60)
        assert _load(caller, old.name) is None, "an old one can not be asked that"
        assert _load(caller, new.name) is not None
        with Storm(plane) as storm:
            storm.wait_for(30)
        done = caller.insist("GET", "operations?limit=1000")["operations"]
        assert {one["owner"] for one in done} == {old.name, new.name}
        for uuid in storm.lived[:8]:
            answer = caller.insist("GET", f"nodes/{uuid}/validate")
            assert answer["power"]["result"], answer
        check_nothing_is_left(caller)
    finally:
        old.stop()


def test_what_is_pinned_sends_nothing_newer(plane: Stack, caller: Caller) -> None:
    text = plane.config.read_text()
    victim = plane.conductors[1].name
    assert _load(caller, victim) is not None
    try:
        plane.config.write_text(f"{text}\n[upgrade_levels]\nconductor = 1.0\n")
        plane.api.send(signal.SIGHUP)
        wait_until(lambda: _load(caller, victim) is None, 60)
        caller.live()
    finally:
        plane.config.write_text(text)
        plane.api.send(signal.SIGHUP)
    wait_until(lambda: _load(caller, victim) is not None, 60)
