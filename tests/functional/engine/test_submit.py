"""How a request becomes an operation: nothing is written over what somebody else wrote."""

import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from baremetal.db.database import Database
from baremetal.domain import operation as op
from baremetal.domain import states
from baremetal.domain.errors import ChangedMeanwhile, Conflict, NodeBusy
from baremetal.engine.submit import Requester
from tests.functional.engine.conftest import NODE, Bench
from tests.support.clock import ManualClock
from tests.support.house import House


def test_the_intent_is_written_whole_and_then_the_bell_rings(bench: Bench) -> None:
    row = bench.nodes.row(NODE)
    who = Requester("alice", "req-1")
    uuid = bench.submitter.start(row, "provide", {"a": 1}, who, last_error=None)
    operation, after = bench.store.get(uuid), bench.nodes.row(NODE)
    assert (operation.state, operation.kind, operation.params) == (op.QUEUED, "provide", {"a": 1})
    assert (operation.requested_by, operation.request_id) == ("alice", "req-1")
    assert after["operation_uuid"] == uuid
    assert after["provision_state"] == states.CLEANING
    assert after["target_provision_state"] == states.AVAILABLE
    assert bench.rung == [""]


@pytest.mark.parametrize(
    "change", [{"protected": True}, {"provision_state": "x"}, {"instance_info": {"token": "t"}}]
)
def test_a_node_that_is_no_longer_what_was_judged_is_judged_anew(
    bench: Bench, change: dict[str, Any]
) -> None:
    row = bench.nodes.row(NODE)
    bench.nodes.update(row, change, (), bench.clock.now())
    with pytest.raises(ChangedMeanwhile):
        bench.submitter.start(row, "undeploy", {}, Requester())
    with pytest.raises(ChangedMeanwhile):
        bench.submitter.move(row, states.MANAGEABLE)
    assert bench.claim() == []
    assert bench.told("operation.state") == []


def test_a_move_needs_no_operation(bench: Bench) -> None:
    bench.submitter.move(bench.nodes.row(NODE), states.ENROLL)
    assert bench.state() == states.ENROLL
    bench.flow("verify")
    bench.start("verify")
    with pytest.raises(NodeBusy):
        bench.submitter.move(bench.nodes.row(NODE), states.MANAGEABLE)


def test_what_is_over_takes_neither_news_nor_a_stop(bench: Bench) -> None:
    bench.flow("clean", bench.step("one"))
    uuid = bench.start("clean")
    bench.turn()
    with pytest.raises(Conflict, match="over"):
        bench.submitter.cancel(uuid, "", "cancel")
    with pytest.raises(Conflict, match="over"):
        bench.submitter.signal(uuid, "", {"late": 1})


def test_of_many_requests_at_once_one_gets_the_node(bench: Bench) -> None:
    results: Counter[str] = Counter()
    barrier = threading.Barrier(8)

    def ask(number: int) -> None:
        row = bench.nodes.row(NODE)
        barrier.wait()
        try:
            bench.submitter.start(row, "clean", {"n": number}, Requester())
            results["started"] += 1
        except (ChangedMeanwhile, NodeBusy):
            results["refused"] += 1

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {"started": 1, "refused": 7}
    assert len(bench.claim()) == 1


@pytest.fixture
def house(database: Database, clock: ManualClock, tmp_path: Path) -> House:
    return House(database, tmp_path, clock)


def _interrupted(house: House, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]) -> None:
    """Let somebody else change the node between the next reading of it and what follows."""
    read, once = house.nodes.row, [change]

    def row(ident: str) -> dict[str, Any]:
        found = read(ident)
        if once:
            house.nodes.update(found, once.pop(), (), house.clock.now())
        return found

    monkeypatch.setattr(house.nodes, "row", row)


def test_a_config_drive_survives_that_the_verb_is_judged_twice(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.enrol()
    for verb in ("manage", "provide"):
        house.provision("n", verb)
        house.work()
    _interrupted(house, monkeypatch, {"instance_info": {"image_source": "http://i", "token": "t"}})
    house.provision("n", "active", configdrive="Y29uZmln")
    expected = {"image_source": "http://i", "token": "t", "configdrive": "Y29uZmln"}
    assert house.nodes.get("n").instance_info == expected


def test_a_flag_set_at_the_last_moment_is_heeded(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.enrol()
    for verb in ("manage", "provide", "active"):
        house.provision("n", verb)
        house.work()
    _interrupted(house, monkeypatch, {"protected": True})
    reply = house.request("PUT", "nodes/n/states/provision", {"target": "deleted"})
    assert reply.status == 403
    assert house.row("n")["provision_state"] == states.ACTIVE


def test_a_power_request_does_not_mind_a_change_beside_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.enrol()
    _interrupted(house, monkeypatch, {"description": "changed"})
    house.asked("PUT", "nodes/n/states/power", {"target": "power on"})
    house.work()
    assert house.row("n")["power_state"] == states.POWER_ON
