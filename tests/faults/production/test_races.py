"""Promise 7: of two that want different things of one node, one gets it."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from devstack.stack import Stack
from tests.faults.production.storm import Caller, at_once, check_nothing_is_left

pytestmark = pytest.mark.slow

#: How often two meet at a node; 1,000 is promised.
_RACES = int(os.environ.get("BAREMETAL_RACES", "160"))
_NODES = 32


def _race(caller: Caller, node: str, runners: ThreadPoolExecutor) -> list[str]:
    """Which verbs were taken of two that exclude each other; the node is available afterwards."""
    start = threading.Barrier(2)

    def run(verb: str) -> int:
        start.wait()
        return caller.ask("PUT", f"nodes/{node}/states/provision", {"target": verb}).status

    verbs = ("active", "manage")
    found = list(runners.map(run, verbs))
    assert set(found) <= {202, 400, 409}, found
    won = [verb for verb, status in zip(verbs, found, strict=True) if status == 202]
    reached, back = ("active", "deleted") if won == ["active"] else ("manageable", "provide")
    caller.reach(node, reached)
    caller.want(node, back, "available")
    caller.reach(node, "available")
    return won


def test_two_clients_race_on_one_node(plane: Stack, caller: Caller) -> None:
    legs = (("manage", "manageable"), ("provide", "available"))
    nodes = at_once(lambda _: caller.live(legs), range(_NODES))
    with ThreadPoolExecutor(2 * _NODES) as runners:

        def races(node: str) -> list[list[str]]:
            return [_race(caller, node, runners) for _ in range(_RACES // _NODES)]

        won = [one for some in at_once(races, nodes, _NODES) for one in some]
    assert len(won) >= _RACES // _NODES * _NODES
    assert all(len(one) == 1 for one in won), won
    check_nothing_is_left(caller)
