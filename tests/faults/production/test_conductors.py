"""Promises 1 and 4: conductors that are killed, frozen, told to stop or to read anew."""

import os
import random
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from baremetal.domain import operation as op
from baremetal.engine import worker
from devstack.stack import Stack
from tests.faults.production.rack import Rack
from tests.faults.production.storm import Caller, at_once, check_nothing_is_left
from tests.support.asking import wait_until

pytestmark = pytest.mark.slow

#: Deploys that have begun when something happens to their conductor.
_UNDER_WAY = 20


def _deploys(caller: Caller, rack: Rack) -> list[dict[str, Any]]:
    found = caller.insist("GET", "operations?kind=deploy&limit=1000")["operations"]
    return [one for one in found if one["node_uuid"] in rack.nodes]


def _running_at(caller: Caller, rack: Rack, owner: str) -> list[dict[str, Any]]:
    deploys = _deploys(caller, rack)
    return [one for one in deploys if (one["owner"], one["state"]) == (owner, op.RUNNING)]


def _begin(caller: Caller, rack: Rack) -> dict[str, list[dict[str, Any]]]:
    """Ask for all deploys; the steps of each, once many are under way."""
    rack.bring_to_available(caller)
    at_once(lambda node: caller.want(node, "active", "active"), rack.nodes)
    wait_until(lambda: sum(bool(one["steps"]) for one in _deploys(caller, rack)) >= _UNDER_WAY, 60)
    return {one["uuid"]: one["steps"] for one in _deploys(caller, rack)}


def _check_all_active(
    caller: Caller, rack: Rack, before: dict[str, list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    """All are active, and what was done before was not done again; the deploys."""
    at_once(lambda node: caller.reach(node, "active"), rack.nodes)
    check_nothing_is_left(caller)
    deploys = _deploys(caller, rack)
    assert len(deploys) == len(rack.nodes)
    for deploy in deploys:
        assert deploy["state"] == op.SUCCEEDED
        for was, is_ in zip(before[deploy["uuid"]], deploy["steps"], strict=False):
            if was["state"] == "done":
                assert is_ == was
    return deploys


def test_conductors_stand_back_for_the_api(plane: Stack) -> None:
    assert psutil.Process(plane.api.pid).nice() == 0
    for conductor in plane.conductors:
        assert {process.nice() for process in _threads_of(conductor.pid)} == {10}
        weighed = Path(f"/proc/{conductor.pid}/autogroup")
        assert not weighed.exists() or weighed.read_text().split()[-1] == "10"


def _threads_of(pid: int) -> list[psutil.Process]:
    return [psutil.Process(int(task.name)) for task in Path(f"/proc/{pid}/task").iterdir()]


def test_what_a_dead_conductor_did_is_taken_over_within_ten_seconds() -> None:
    seconds = worker.LEASE_SECONDS + worker.RENEW_SECONDS + worker.SWEEP_SECONDS
    assert seconds < 10


def test_a_conductor_killed_in_the_middle_of_fifty_deploys(
    plane: Stack, caller: Caller, rack: Rack, chance: random.Random
) -> None:
    before = _begin(caller, rack)
    number = chance.randrange(len(plane.conductors))
    plane.conductors[number].kill()
    deploys = _check_all_active(caller, rack, before)
    others = [one for one in plane.conductors if one.running]
    assert {one["owner"] for one in deploys} & {one.name for one in others}
    assert max(one["attempts"] for one in deploys) < 10


def test_a_conductor_that_was_frozen_can_not_write(
    plane: Stack, caller: Caller, rack: Rack, chance: random.Random
) -> None:
    before = _begin(caller, rack)
    victim = chance.choice(plane.conductors)
    os.killpg(victim.pid, signal.SIGSTOP)
    try:
        # Its leases run out; what it was in the middle of is somebody else's.
        wait_until(lambda: not _running_at(caller, rack, victim.name), 60)
    finally:
        os.killpg(victim.pid, signal.SIGCONT)
    _check_all_active(caller, rack, before)


def test_one_that_is_told_to_stop_ends_its_steps_or_hands_them_over(
    plane: Stack, caller: Caller, rack: Rack, chance: random.Random
) -> None:
    before = _begin(caller, rack)
    victim = chance.choice(plane.conductors)
    victim.stop(60)
    assert victim.status == 0, victim.log()
    assert _running_at(caller, rack, victim.name) == [], "it went without letting go"
    _check_all_active(caller, rack, before)


def test_one_that_is_told_to_read_anew_has_the_new_configuration(
    plane: Stack, caller: Caller
) -> None:
    def workers() -> int:
        load = caller.insist("GET", f"conductors/{victim.name}")["load"]
        return load["workers"] if load else 0

    victim, text = plane.conductors[0], plane.config.read_text()
    old = workers()
    try:
        plane.config.write_text(text.replace("grace = 20", f"grace = 20\nworkers = {old + 3}"))
        victim.send(signal.SIGHUP)
        wait_until(lambda: workers() == old + 3, 60)
    finally:
        plane.config.write_text(text)
        victim.send(signal.SIGHUP)
    wait_until(lambda: workers() == old, 60)
    caller.live()
