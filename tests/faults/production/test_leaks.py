"""Promise 8: who lives long does not grow."""

import os

import psutil
import pytest

from devstack.stack import Stack
from tests.faults.production.storm import Caller, Storm, check_nothing_is_left

pytestmark = pytest.mark.slow

#: Lives between the two looks; 10,000 are promised.
_LIVES = int(os.environ.get("BAREMETAL_LIVES", "200"))
#: Until every thread, connection and cache is there that there will be.
_WARM_UP = 300
#: What is promised; in a short look, what allocators do weighs more.
_GROWTH = 1.1 if _LIVES >= 10_000 else 1.3


def _memory(plane: Stack) -> dict[int, int]:
    """Resident bytes of each process of the services."""
    processes = [psutil.Process(one.pid) for one in (plane.api, *plane.conductors)]
    family = [child for one in processes for child in (one, *one.children(recursive=True))]
    return {one.pid: one.memory_info().rss for one in family}


def test_memory_does_not_grow_with_lives(plane: Stack, caller: Caller) -> None:
    with Storm(plane, at_once=32, keep=False) as storm:
        storm.wait_for(_WARM_UP)
        before = _memory(plane)
        storm.wait_for(_LIVES)
    after = _memory(plane)
    assert after.keys() == before.keys()
    growth = {pid: after[pid] / before[pid] for pid in before}
    assert max(growth.values()) < _GROWTH, growth
    check_nothing_is_left(caller)
