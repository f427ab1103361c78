"""Claims from a real queue: by several conductors at once, and behind a backlog."""

import threading
from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa

from baremetal.db import queue, tables
from baremetal.db.database import Database
from baremetal.db.operations import NodeChange, OperationStore, Progress
from baremetal.db.queue import Place
from baremetal.domain import operation as op
from baremetal.domain.errors import LeaseLost
from baremetal.domain.operation import Limits, Operation
from tests.functional.engine.conftest import LEASE_SECONDS, NODE, Bench


def _queued(bench: Bench, count: int, kind: str = "deploy", **values: Any) -> None:
    """So many queued operations, on nodes that need not exist."""
    with bench.db.write() as tx:
        first = (tx.execute(sa.select(sa.func.max(tables.operations.c.id))).scalar() or 0) + 1
        rows = [
            {
                "uuid": f"{number:08x}-0000-4000-8000-000000000000",
                "kind": kind,
                "state": op.QUEUED,
                "resource_type": "node",
                "resource_uuid": f"{number:08x}-1111-4000-8000-000000000000",
                "created_at": "2026",
                **values,
            }
            for number in range(first, first + count)
        ]
        tx.execute(tables.operations.insert(), rows)


def _sorts(claimed: list[op.Operation]) -> Counter[tuple[str, str | None]]:
    return Counter((operation.kind, operation.requested_by) for operation in claimed)


def test_a_claim_is_whole_and_made_once(bench: Bench) -> None:
    bench.flow("clean", bench.step("one"))
    uuid = bench.start("clean", params={"steps": [1]}, who="x")
    (claimed,) = bench.claim()
    assert (claimed.uuid, claimed.state, claimed.owner) == (uuid, op.RUNNING, "a")
    assert (claimed.fence, claimed.attempts, claimed.params) == (1, 1, {"steps": [1]})
    assert claimed.requested_by == "x"
    assert bench.nodes.row(claimed.resource_uuid)["reservation"] == "a"
    assert bench.claim(host="b") == []


def test_a_conductor_takes_only_what_its_group_has(bench: Bench) -> None:
    _queued(bench, 2, conductor_group="north")
    _queued(bench, 1, conductor_group="")
    assert len(bench.claim()) == 1
    now, until = bench.clock.now(), bench.clock.after(LEASE_SECONDS)
    assert len(bench.store.claim("c", Place("north"), 10, {}, now, until)) == 2


def test_a_lease_that_is_renewed_is_not_lost(bench: Bench) -> None:
    _queued(bench, 2)
    kept, lost = bench.claim()
    bench.clock.pass_time(LEASE_SECONDS - 1)
    assert _renew(bench, "a", kept) == [kept]
    assert _renew(bench, "b", lost) == []
    bench.later(2)
    assert _renew(bench, "a", lost) == [], "it has run out"
    assert [operation.uuid for operation in bench.claim(host="b")] == [lost.uuid]
    assert _renew(bench, "a", kept, lost) == [kept]


def _renew(bench: Bench, host: str, *claimed: Operation) -> list[Operation]:
    now, until = bench.clock.now(), bench.clock.after(LEASE_SECONDS)
    held = bench.store.renew(host, [operation.id for operation in claimed], now, until)
    return [operation for operation in claimed if (operation.id, operation.fence) in held]


def test_who_slept_through_the_lease_can_not_fail_an_operation(bench: Bench) -> None:
    _queued(bench, 1)
    (operation,) = bench.claim()
    bench.clock.pass_time(LEASE_SECONDS + 1)
    change = NodeChange(operation.resource_uuid, {})
    progress, now = Progress(0, None, []), bench.clock.now()
    with pytest.raises(LeaseLost):
        bench.store.finish(operation, op.FAILED, progress, change, "late", now)
    assert bench.store.get(operation.uuid).state == op.RUNNING


def test_the_next_batch_waits_for_the_end_of_this_one(bench: Bench) -> None:
    limits = {"deploy": Limits(rolling=2)}
    _queued(bench, 5)
    first = bench.claim(limits=limits)
    assert len(first) == 2
    assert bench.claim(host="b", limits=limits) == []
    with bench.db.write() as tx:
        ended = tables.operations.c.id == first[0].id
        tx.execute(sa.update(tables.operations).where(ended).values(state=op.SUCCEEDED))
    assert bench.claim(limits=limits) == []
    with bench.db.write() as tx:
        ended = tables.operations.c.id == first[1].id
        tx.execute(sa.update(tables.operations).where(ended).values(state=op.FAILED))
    assert len(bench.claim(limits=limits)) == 2


@pytest.mark.parametrize("limit", [Limits(per_group=7), Limits(rolling=7)])
def test_conductors_that_claim_at_once_share_one_limit(bench: Bench, limit: Limits) -> None:
    _queued(bench, 60)
    taken: list[list[op.Operation]] = []
    barrier = threading.Barrier(6)

    def conductor(name: str) -> None:
        barrier.wait()
        taken.extend(bench.claim(3, name, {"deploy": limit}) for _ in range(5))

    threads = [threading.Thread(target=conductor, args=(f"c{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    uuids = [operation.uuid for some in taken for operation in some]
    assert len(uuids) == len(set(uuids))
    assert 1 <= len(uuids) <= 7
    if limit.per_group:
        assert len(uuids) == 7


@pytest.mark.parametrize("many", [queue.WINDOW - 1, queue.WINDOW * 2])
def test_a_backlog_hides_nobody(bench: Bench, many: int) -> None:
    """A thousand deploys that may not start yet do not keep a power request waiting."""
    _queued(bench, many, requested_by="busy")
    _queued(bench, 1, "power", requested_by="busy")
    _queued(bench, 3, requested_by=None)
    _queued(bench, 1, requested_by="other")
    limits = {"deploy": Limits(per_group=4)}
    claimed = bench.claim(10, limits=limits)
    assert _sorts(claimed) == {
        ("power", "busy"): 1,
        ("deploy", "busy"): 2,
        ("deploy", None): 1,
        ("deploy", "other"): 1,
    }


@pytest.mark.parametrize("many", [queue.WINDOW - 2, queue.WINDOW * 2])
def test_what_resumes_behind_a_backlog_goes_first(bench: Bench, many: int) -> None:
    _queued(bench, many)
    _queued(bench, 1, started_at="2026")
    (claimed,) = bench.claim(1)
    assert claimed.started_at == "2026"


_LOOKS = ["resumed", "next_kind", "next_requester", "of_nobody", "of_sort"]


@pytest.mark.parametrize("look", _LOOKS)
def test_a_look_at_a_backlog_is_at_one_place_of_an_index(bench: Bench, look: str) -> None:
    explain = {"sqlite": "EXPLAIN QUERY PLAN", "postgresql": "EXPLAIN"}.get(bench.db.reader.name)
    if explain is None:
        pytest.skip("MariaDB has no partial indexes: its looks are longer")
    _queued(bench, 3000, state=op.SUCCEEDED, started_at="2026")
    for requester in ("a", "b", None):
        _queued(bench, 1000, requested_by=requester)
    if not bench.db.is_sqlite:
        with bench.db.write() as tx:
            tx.exec_driver_sql("ANALYZE operations")
    where = {"group": "", "kind": "deploy", "after": "", "requester": "a", "most": 4}
    query = getattr(queue._PLAIN, look)
    query = query.params({name: where[name] for name in where if f":{name}" in str(query)})
    sql = str(query.compile(bench.db.reader, compile_kwargs={"literal_binds": True}))
    with bench.db.read() as connection:
        plan = str(connection.exec_driver_sql(f"{explain} {sql}").all())
    index = "ix_operations_resumed" if look == "resumed" else "ix_operations_queue"
    assert index in plan, plan
    assert "SCAN" not in plan.replace("Index Only Scan", "").replace("Index Scan", "").upper(), plan
    assert "SORT" not in plan.upper(), plan


@pytest.mark.parametrize("many", [1, queue.WINDOW])
def test_what_needs_a_driver_of_others_is_left_to_them(bench: Bench, many: int) -> None:
    bench.flow("clean")
    bench.node(61, driver="theirs")
    _queued(bench, many)
    foreign = bench.start("clean", f"{61:08x}{NODE[8:]}")
    ours = bench.start("clean")
    now, until = bench.clock.now(), bench.clock.after(LEASE_SECONDS)
    place = Place("", frozenset({"theirs", "others'"}))
    taken = {one.uuid for one in bench.store.claim("a", place, many + 9, {}, now, until)}
    assert ours in taken
    assert len(taken) == many + 1
    (left,) = bench.claim(host="b")
    assert left.uuid == foreign


def test_what_waits_past_its_deadline_is_woken_once(bench: Bench, database: Database) -> None:
    store = OperationStore(database)
    _queued(bench, 1, state=op.WAITING, deadline_at="2025-12-31T00:00:00.000000+00:00")
    _queued(bench, 1, state=op.WAITING, deadline_at="2026-12-31T00:00:00.000000+00:00")
    _queued(bench, 1, state=op.WAITING, deadline_at=None)
    assert store.requeue_overdue(bench.clock.now()) == 1
    assert store.requeue_overdue(bench.clock.now()) == 0
    (woken,) = bench.claim()
    assert woken.signal == {"timeout": True}
