"""The worker pool with real threads: nothing is run twice, nothing is left behind."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from baremetal import lease
from baremetal.clock import Clock
from baremetal.db.operations import OperationStore
from baremetal.db.queue import Place
from baremetal.domain import operation as op
from baremetal.domain.errors import Unavailable
from baremetal.domain.operation import Operation
from baremetal.domain.outcomes import Wait
from baremetal.engine import worker as module
from baremetal.engine.runner import Runner
from baremetal.engine.worker import Worker
from tests.functional.engine.conftest import HOLD_SECONDS, Bench

PATIENCE = 30.0


@pytest.fixture(autouse=True)
def _impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases of half a second in place of ten."""
    monkeypatch.setattr(module, "SWEEP_SECONDS", 0.1)
    monkeypatch.setattr(module, "LEASE_SECONDS", 0.5)
    monkeypatch.setattr(module, "RENEW_SECONDS", 0.1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def employ(bench: Bench) -> Iterator[Callable[..., Worker]]:
    """Makes workers that share the bench's flows; all are stopped in the end."""
    made: list[Worker] = []

    def one(host: str = "a", threads: int = 4, store: OperationStore | None = None) -> Worker:
        store = store or bench.store
        runner = Runner(store, bench.flows, bench.open_task, bench.clock, HOLD_SECONDS)
        worker = Worker(store, runner.run, host, "", {}, threads, bench.clock)
        made.append(worker)
        return worker

    yield one
    for worker in made:
        worker.stop()


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def _over(bench: Bench, uuids: list[str]) -> bool:
    return all(bench.store.get(uuid).state in op.OVER for uuid in uuids)


def _many(bench: Bench, count: int, kind: str = "clean") -> list[str]:
    return [bench.start(kind, bench.node(100 + number)) for number in range(count)]


def test_a_bell_is_heard_at_once_and_a_lost_one_is_made_up_for(
    bench: Bench, employ: Callable[..., Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SWEEP_SECONDS", 60)
    bench.flow("clean", bench.step("one"))
    worker = employ()
    worker.start()
    (first,) = _many(bench, 1)
    time.sleep(0.2)
    assert bench.store.get(first).state == op.QUEUED
    worker.ring()
    _until(lambda: _over(bench, [first]))
    worker.stop()
    monkeypatch.setattr(module, "SWEEP_SECONDS", 0.1)
    second = bench.start("clean")
    employ("b").start()
    _until(lambda: _over(bench, [second]))


def test_no_more_than_its_threads_work_at_a_time_and_all_gets_done(
    bench: Bench, employ: Callable[..., Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine everything is slow.
    monkeypatch.setattr(module, "SLOW_SECONDS", PATIENCE)
    at_work, most = [0], [0]
    changed = threading.Condition()

    def work(_task: Any) -> None:
        with changed:
            at_work[0] += 1
            most[0] = max(most[0], at_work[0])
            changed.notify_all()
            # However slowly they are claimed: the first wait for each other.
            assert changed.wait_for(lambda: most[0] >= 3, PATIENCE)
        time.sleep(0.02)
        with changed:
            at_work[0] -= 1

    bench.flow("clean", bench.step("one", work))
    uuids = _many(bench, 20)
    employ(threads=3).start()
    _until(lambda: _over(bench, uuids))
    assert most[0] == 3
    assert bench.done == ["one"] * 20


@pytest.mark.slow
def test_what_waits_for_hardware_keeps_no_other_waiting(
    bench: Bench, employ: Callable[..., Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SLOW_SECONDS", 0.1)
    hardware = threading.Event()
    most = 2 * module._MOST
    bench.flow("clean", bench.step("one", lambda _: hardware.wait(PATIENCE)))
    bench.flow("inspect", bench.step("two"))
    stuck = _many(bench, most - 1)
    employ(threads=2).start()
    _until(lambda: all(bench.store.get(uuid).state == op.RUNNING for uuid in stuck))
    healthy = bench.start("inspect", bench.node(200))
    _until(lambda: _over(bench, [healthy]))
    assert not any(bench.store.get(uuid).state in op.OVER for uuid in stuck)
    # There is an end to it.
    more = [bench.start("clean", bench.node(300 + number)) for number in range(3)]
    _until(lambda: bench.store.get(more[0]).state == op.RUNNING)
    time.sleep(0.5)
    assert [bench.store.get(uuid).state for uuid in more[1:]] == [op.QUEUED] * 2
    hardware.set()
    _until(lambda: _over(bench, stuck + more))


def test_several_conductors_share_the_work_and_do_nothing_twice(
    bench: Bench, employ: Callable[..., Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine everything is slow, and nobody is dead for that.
    monkeypatch.setattr(module, "SLOW_SECONDS", PATIENCE)
    monkeypatch.setattr(module, "LEASE_SECONDS", PATIENCE)
    all_at_work = threading.Barrier(6)
    bench.flow("clean", bench.step("one", lambda _: all_at_work.wait(PATIENCE)))
    uuids = _many(bench, 24)
    for host in ("a", "b", "c"):
        employ(host, threads=2).start()
    _until(lambda: _over(bench, uuids))
    assert len(bench.done) == 24
    assert {bench.store.get(uuid).attempts for uuid in uuids} == {1}
    assert {bench.store.get(uuid).owner for uuid in uuids} == {"a", "b", "c"}


@pytest.mark.slow
def test_a_step_may_last_longer_than_a_lease(bench: Bench, employ: Callable[..., Worker]) -> None:
    bench.flow("clean", bench.step("long", lambda _: time.sleep(1.2)), bench.step("end"))
    uuid = bench.start("clean")
    employ("a").start()
    employ("b").start()
    _until(lambda: _over(bench, [uuid]))
    operation = bench.store.get(uuid)
    assert (operation.state, operation.attempts) == (op.SUCCEEDED, 1)
    assert bench.done == ["long", "end"]


@pytest.mark.slow
def test_what_comes_back_is_not_begun_before_its_old_step_is_over(
    bench: Bench, employ: Callable[..., Worker]
) -> None:
    """The database was away for longer than a lease, and the step still runs."""
    let_go = threading.Event()
    at_work: list[str] = []

    def long(_task: Any) -> None:
        at_work.append("in")
        assert len(at_work) % 2 == 1, "two of them at once"
        let_go.wait(PATIENCE)
        time.sleep(0.6)
        at_work.append("out")

    bench.flow("clean", bench.step("long", long))
    uuid = bench.start("clean")
    _lose_the_lease(bench, employ, lambda: at_work == ["in"]).away.clear()
    _until(lambda: bench.store.get(uuid).attempts == 2)
    let_go.set()
    _until(lambda: _over(bench, [uuid]))
    assert bench.store.get(uuid).attempts == 2
    assert at_work == ["in", "out"] * 2


def test_whoever_sleeps_through_its_lease_touches_no_hardware(
    bench: Bench, employ: Callable[..., Worker]
) -> None:
    touched: list[str] = []
    let_go = threading.Event()

    def step(_task: Any) -> None:
        lease.confirm()
        touched.append("begun")
        if len(touched) == 1:
            let_go.wait(PATIENCE)
            lease.confirm()
            touched.append("undone what the other did")

    bench.flow("clean", bench.step("one", step))
    uuid = bench.start("clean")
    _lose_the_lease(bench, employ, lambda: touched == ["begun"])
    let_go.set()
    employ("b").start()
    _until(lambda: _over(bench, [uuid]))
    assert touched == ["begun", "begun"]
    assert bench.store.get(uuid).state == op.SUCCEEDED


def _lose_the_lease(
    bench: Bench, employ: Callable[..., Worker], begun: Callable[[], bool]
) -> "Absent":
    """Have a worker begin, and take its database away until its lease is over."""
    store = Absent(bench.store._db)
    employ("a", store=store).start()
    _until(begun)
    store.away.set()
    _until(lambda: bench.store.requeue_lost(bench.clock.now()) == 1)
    return store


class Absent(OperationStore):
    """A store whose database is away when it is told so."""

    def __init__(self, db: Any) -> None:
        super().__init__(db)
        self.away = threading.Event()

    def renew(self, *args: Any, **rest: Any) -> set[tuple[int, int]]:
        if self.away.is_set():
            raise Unavailable("The database does not answer.")
        return super().renew(*args, **rest)


def test_what_a_dead_conductor_held_is_taken_over(
    bench: Bench, employ: Callable[..., Worker]
) -> None:
    bench.flow("clean", bench.step("one"))
    uuid = bench.start("clean")
    now = bench.clock.now()
    assert bench.store.claim("dead", Place(""), 9, {}, now, bench.clock.after(0.3))
    employ("alive").start()
    _until(lambda: _over(bench, [uuid]))
    assert (bench.store.get(uuid).owner, bench.store.get(uuid).attempts) == ("alive", 2)


def test_a_restarted_conductor_does_not_wait_for_its_own_old_leases(
    bench: Bench, employ: Callable[..., Worker]
) -> None:
    bench.flow("clean", bench.step("one"))
    uuid = bench.start("clean")
    assert bench.store.claim("a", Place(""), 9, {}, bench.clock.now(), bench.clock.after(3600))
    employ("a").start()
    _until(lambda: _over(bench, [uuid]))


def test_deadlines_pass_without_anybody_ringing(
    bench: Bench, employ: Callable[..., Worker]
) -> None:
    heard: list[Any] = []
    bench.flow(
        "clean",
        bench.step("wait", lambda _: Wait("x", 0.3), resume=lambda _, signal: heard.append(signal)),
    )
    uuid = bench.start("clean")
    employ().start()
    _until(lambda: _over(bench, [uuid]))
    assert heard == [{"timeout": True}]


def test_asked_to_stop_it_ends_what_it_runs_and_claims_no_more(
    bench: Bench, employ: Callable[..., Worker]
) -> None:
    began = threading.Event()

    def slow(_task: Any) -> None:
        began.set()
        time.sleep(0.3)

    bench.flow("clean", bench.step("slow", slow))
    running, waiting = _many(bench, 2)
    worker = employ(threads=1)
    worker.start()
    began.wait(PATIENCE)
    worker.stop()
    assert bench.store.get(running).state == op.SUCCEEDED
    assert bench.store.get(waiting).state == op.QUEUED


class Moody(OperationStore):
    """A store whose database does not answer at first."""

    troubles = 3

    def claim(self, *args: Any, **rest: Any) -> list[Operation]:
        self._sulk()
        return super().claim(*args, **rest)

    def renew(self, *args: Any, **rest: Any) -> set[tuple[int, int]]:
        self._sulk()
        return super().renew(*args, **rest)

    def _sulk(self) -> None:
        if self.troubles:
            self.troubles -= 1
            raise Unavailable("The database does not answer.") if self.troubles else OSError("!")


def test_a_silent_database_does_not_end_a_worker(
    bench: Bench, employ: Callable[..., Worker]
) -> None:
    bench.flow("clean", bench.step("one"))
    uuid = bench.start("clean")
    employ(store=Moody(bench.db)).start()
    _until(lambda: _over(bench, [uuid]))


def test_a_run_that_raises_frees_its_thread(
    bench: Bench, employ: Callable[..., Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.flow("clean", bench.step("one"))
    broken = bench.start("clean")
    worker = employ(threads=1)
    run, calls = worker._run, []

    def break_once(operation: Operation) -> None:
        calls.append(operation.uuid)
        if len(calls) == 1:
            raise RuntimeError("defect")
        run(operation)

    monkeypatch.setattr(worker, "_run", break_once)
    worker.start()
    _until(lambda: _over(bench, [broken]))
    assert calls == [broken, broken]
