"""One operation from its first step to its end: what is written when, and what is not lost."""

from typing import Any

import pytest

from baremetal.conductor.task import Task
from baremetal.db.operations import NodeChange, Progress
from baremetal.domain import operation as op
from baremetal.domain import states
from baremetal.domain.errors import DriverError, InvalidInput, LeaseLost, NodeBusy, Unavailable
from baremetal.domain.outcomes import Done, Hold, Wait
from tests.functional.engine.conftest import LEASE_SECONDS, NODE, Bench


def fail(_task: Task) -> None:
    raise DriverError("the disk is on fire")


class KilledError(BaseException):
    """What a process that is killed leaves: nothing."""


def test_steps_run_in_order_and_what_they_did_is_written(bench: Bench) -> None:
    bench.flow(
        "inspect",
        bench.step("one", lambda task: task.changes.update(description="by one")),
        bench.step("two", lambda _: Done("all well"), when=lambda _: True),
        bench.step("never", when=lambda _: False),
    )
    uuid = bench.start("inspect")
    assert bench.state() == states.INSPECTING
    assert bench.turn() == 1
    operation, row = bench.store.get(uuid), bench.nodes.row(NODE)
    assert bench.done == ["one", "two"]
    assert (operation.state, operation.attempts, operation.owner) == (op.SUCCEEDED, 1, "a")
    assert bench.steps(uuid) == {"one": "done", "two": "done"}
    assert operation.steps[1]["message"] == "all well"
    assert row["description"] == "by one"
    assert (row["provision_state"], row["target_provision_state"]) == (states.MANAGEABLE, None)
    assert (row["operation_uuid"], row["reservation"], row["last_error"]) == (None, None, None)
    assert [data["state"] for data in bench.told("operation.state")] == ["queued", "succeeded"]
    assert [data["to"] for data in bench.told("node.provision_state")] == [
        states.INSPECTING,
        states.MANAGEABLE,
    ]


def test_a_step_without_news_is_recorded_before_it_begins(bench: Bench) -> None:
    seen: list[Any] = []

    def look(task: Task) -> None:
        operation = bench.store.get(task.operation.uuid)
        seen.append((operation.steps[1]["state"], operation.steps[0]["state"], operation.cursor))

    bench.flow("clean", bench.step("one"), bench.step("two", look))
    bench.start("clean")
    bench.turn()
    assert seen == [("running", "done", 1)]


def test_an_operation_without_any_step_succeeds(bench: Bench) -> None:
    bench.flow("provide", bench.step("clean", when=lambda _: False))
    uuid = bench.start("provide")
    bench.turn()
    assert bench.store.get(uuid).state == op.SUCCEEDED
    assert bench.state() == states.AVAILABLE


# -- waiting -----------------------------------------------------------------


def _waiting_flow(bench: Bench, news: list[Any], answers: list[Any] | None = None) -> None:
    def resume(_task: Task, signal: Any) -> Any:
        news.append(signal)
        return answers.pop(0) if answers else None

    bench.flow(
        "clean",
        bench.step("boot", undo=True),
        bench.step("wait", lambda _: Wait("a sign", 60), resume=resume),
        bench.step("leave"),
    )


def test_waiting_holds_neither_lease_nor_thread_and_says_what_for(bench: Bench) -> None:
    _waiting_flow(bench, [])
    uuid = bench.start("clean")
    bench.turn()
    operation, row = bench.store.get(uuid), bench.nodes.row(NODE)
    assert (operation.state, operation.waiting_for) == (op.WAITING, "a sign")
    assert operation.deadline_at == "2026-01-01T00:01:00.000000+00:00"
    assert (row["provision_state"], row["reservation"]) == (states.CLEAN_WAIT, None)
    assert row["operation_uuid"] == uuid
    assert bench.turn() == 0


def test_news_ends_the_waiting_where_it_was(bench: Bench) -> None:
    news: list[Any] = []
    _waiting_flow(bench, news)
    uuid = bench.start("clean")
    bench.turn()
    bench.signal(uuid, answer=42)
    assert bench.turn("b") == 1
    assert news == [{"answer": 42}]
    assert bench.done == ["boot", "wait", "leave"]
    operation = bench.store.get(uuid)
    assert (operation.state, operation.attempts, operation.owner) == (op.SUCCEEDED, 2, "b")
    assert operation.signal is None


def test_the_deadline_is_news_too(bench: Bench) -> None:
    news: list[Any] = []
    _waiting_flow(bench, news)
    bench.start("clean")
    bench.turn()
    bench.later(59)
    assert bench.turn() == 0
    bench.later(2)
    bench.turn()
    assert news == [{"timeout": True}]


def test_news_that_comes_before_the_waiting_is_not_lost(bench: Bench) -> None:
    news: list[Any] = []
    _waiting_flow(bench, news)
    boot = bench.step("boot", lambda task: bench.signal(task.operation.uuid, early=True))
    bench.flow("clean", boot, *bench.flows["clean"].steps[1:])
    bench.start("clean")
    bench.turn()
    assert bench.turn() == 1
    assert news == [{"early": True}]


def test_a_step_may_go_on_waiting_and_hears_of_what_came_meanwhile(bench: Bench) -> None:
    news: list[Any] = []

    def resume(task: Task, signal: Any) -> Any:
        news.append(signal["number"])
        if signal["number"] == 1:
            bench.signal(task.operation.uuid, number=2)
            return Wait("another sign", 60)
        return None

    bench.flow("clean", bench.step("wait", lambda _: Wait("a sign", 60), resume=resume))
    uuid = bench.start("clean")
    bench.turn()
    bench.signal(uuid, number=1)
    bench.turn()
    assert bench.turn() == 1
    assert news == [1, 2]
    assert bench.store.get(uuid).state == op.SUCCEEDED


def test_the_same_news_twice_is_heard_once(bench: Bench) -> None:
    news: list[Any] = []
    _waiting_flow(bench, news, [Wait("more", 60)])
    uuid = bench.start("clean")
    bench.turn()
    bench.signal(uuid, number=1)
    bench.signal(uuid, number=1)
    bench.turn()
    assert bench.turn() == 0
    assert news == [{"number": 1}]
    assert bench.store.get(uuid).state == op.WAITING


def test_a_hold_lasts_until_somebody_lifts_it_or_its_time_is_over(bench: Bench) -> None:
    news: list[Any] = []
    bench.flow(
        "clean", bench.step("hold", lambda _: Hold(), resume=lambda _, signal: news.append(signal))
    )
    uuid = bench.start("clean")
    bench.turn()
    assert bench.state() == states.CLEAN_HOLD
    assert bench.store.get(uuid).deadline_at == "2026-01-01T01:00:00.000000+00:00"
    bench.signal(uuid, unhold=True)
    bench.turn()
    assert news == [{"unhold": True}]
    assert bench.state() == states.MANAGEABLE


def test_killed_while_it_deals_with_news_it_deals_with_them_again(bench: Bench) -> None:
    """The agent's last word is said once; the process may die while it is being heard."""
    news: list[Any] = []

    def resume(_task: Task, signal: Any) -> None:
        news.append(signal)
        if len(news) == 1:
            raise KilledError

    bench.flow(
        "clean", bench.step("wait", lambda _: Wait("a sign", 60), resume=resume), bench.step("end")
    )
    uuid = bench.start("clean")
    bench.turn()
    bench.signal(uuid, said="once")
    with pytest.raises(KilledError):
        bench.turn()
    bench.later(LEASE_SECONDS + 1)
    bench.turn("b")
    assert news == [{"said": "once"}] * 2
    assert bench.done == ["wait", "end"]
    assert bench.store.get(uuid).state == op.SUCCEEDED


def test_progress_is_taken_while_it_waits_and_moves_the_deadline(bench: Bench) -> None:
    _waiting_flow(bench, [])
    uuid = bench.start("clean")
    bench.turn()
    operation, now = bench.store.get(uuid), bench.clock.now()
    assert bench.store.report_progress(operation, 40, "half", bench.clock.after(500), now)
    bench.later(400)
    assert bench.turn() == 0
    (told,) = bench.told("operation.progress")
    # The first of three steps is done, and two fifths of the second.
    assert (told["percent"], told["message"], told["step"]) == (46, "half", "wait")
    bench.later(200)
    bench.turn()
    assert not bench.store.report_progress(operation, 50, None, None, now)


# -- failing -----------------------------------------------------------------


def test_a_failure_undoes_what_was_done_last_first(bench: Bench) -> None:
    bench.flow(
        "clean",
        bench.step("one", undo=True),
        bench.step("two"),
        bench.step("three", undo=True),
        bench.step("four", fail, undo=True),
        bench.step("five", undo=True),
    )
    uuid = bench.start("clean")
    bench.turn()
    assert bench.done == [
        *("one", "two", "three", "four"),
        *("undo four", "undo three", "undo one"),
    ]
    assert bench.steps(uuid) == {
        "one": "undone",
        "two": "done",
        "three": "undone",
        "four": "failed",
        "five": "pending",
    }
    row = bench.nodes.row(NODE)
    assert (row["provision_state"], row["last_error"]) == (
        states.CLEAN_FAILED,
        "four: the disk is on fire",
    )
    assert (row["operation_uuid"], row["reservation"]) == (None, None)
    operation = bench.store.get(uuid)
    assert (operation.state, operation.cursor) == (op.FAILED, 3)


@pytest.mark.parametrize("error", [DriverError("stuck"), ZeroDivisionError("defect")])
def test_an_undo_that_fails_is_noted_and_the_rest_is_undone(bench: Bench, error: Exception) -> None:
    def stuck(_task: Task) -> None:
        raise error

    bench.flow(
        "clean",
        bench.step("one", undo=True),
        bench.step("two", undo=stuck),
        bench.step("three", fail),
    )
    uuid = bench.start("clean")
    bench.turn()
    assert bench.done[-2:] == ["undo two", "undo one"]
    operation = bench.store.get(uuid)
    assert operation.state == op.FAILED
    assert operation.steps[1]["state"] == "done"
    assert operation.steps[1]["message"].startswith("undo failed: ")
    assert bench.state() == states.CLEAN_FAILED


def test_an_undo_that_meets_a_silent_database_is_tried_again(bench: Bench) -> None:
    silent = [True]

    def undo(_task: Task) -> None:
        if silent.pop() if silent else False:
            raise Unavailable("no database")

    bench.flow("clean", bench.step("one", undo=undo), bench.step("two", fail))
    uuid = bench.start("clean")
    bench.turn()
    assert bench.store.get(uuid).state == op.RUNNING
    bench.later(LEASE_SECONDS + 1)
    bench.turn()
    assert bench.steps(uuid) == {"one": "undone", "two": "failed"}
    assert bench.store.get(uuid).state == op.FAILED


def test_a_defect_in_a_step_is_a_failure_that_says_where(bench: Bench) -> None:
    bench.flow("clean", bench.step("one", lambda _: 1 // 0))
    uuid = bench.start("clean")
    bench.turn()
    assert bench.store.get(uuid).state == op.FAILED
    error = bench.nodes.row(NODE)["last_error"]
    assert error == "one: internal error, ZeroDivisionError; see the log."


@pytest.mark.parametrize("error", [InvalidInput("no such interface"), ZeroDivisionError()])
def test_a_failure_before_the_first_step_is_one_too(bench: Bench, error: Exception) -> None:
    def when(_task: Task) -> bool:
        raise error

    bench.flow("undeploy", bench.step("one", when=when), bench.step("two", phase=1))
    uuid = bench.start("undeploy")
    bench.turn()
    assert bench.store.get(uuid).state == op.FAILED
    assert bench.state() == states.ERROR
    assert bench.nodes.row(NODE)["last_error"].startswith("start: ")


def test_each_stretch_of_an_operation_has_its_own_states(bench: Bench) -> None:
    seen = []
    bench.flow(
        "undeploy",
        bench.step("tear_down", lambda _: seen.append(bench.state())),
        bench.step("clean", lambda _: seen.append(bench.state()), phase=1),
        bench.step("more", fail, phase=1),
    )
    bench.start("undeploy")
    bench.turn()
    assert seen == [states.DELETING, states.CLEANING]
    assert bench.state() == states.CLEAN_FAILED


def test_a_step_of_another_release_fails_the_operation_instead_of_holding_the_node(
    bench: Bench,
) -> None:
    _waiting_flow(bench, [])
    uuid = bench.start("clean")
    bench.turn()
    bench.flow("clean", bench.step("boot"), bench.step("wait_otherwise"))
    bench.signal(uuid, any=1)
    bench.turn()
    assert bench.store.get(uuid).state == op.FAILED
    assert "does not know the step 'wait' of clean" in bench.nodes.row(NODE)["last_error"]


# -- stopping ----------------------------------------------------------------


def test_cancelled_in_the_queue_nothing_is_done_nor_undone(bench: Bench) -> None:
    _waiting_flow(bench, [])
    uuid = bench.start("clean")
    bench.submitter.cancel(uuid, "", "cancel")
    bench.turn()
    assert bench.done == []
    assert bench.store.get(uuid).state == op.CANCELLED
    assert set(bench.steps(uuid).values()) == {"pending"}
    assert bench.state() == states.CLEAN_FAILED


def test_cancelled_while_it_waits_it_is_undone(bench: Bench) -> None:
    _waiting_flow(bench, [])
    uuid = bench.start("clean")
    bench.turn()
    bench.submitter.cancel(uuid, "", "abort")
    assert bench.turn() == 1
    assert bench.done == ["boot", "wait", "undo boot"]
    assert bench.steps(uuid) == {"boot": "undone", "wait": "failed", "leave": "pending"}
    assert (
        bench.nodes.row(NODE)["last_error"] == "The operation was stopped by abort at step 'wait'."
    )


def test_cancelled_while_a_step_runs_the_next_is_neither_done_nor_undone(bench: Bench) -> None:
    """Else cancelling before the machine was touched would power it off."""
    bench.flow(
        "service",
        bench.step("plan", lambda task: bench.submitter.cancel(task.operation.uuid, "", "cancel")),
        bench.step("boot", undo=True),
    )
    uuid = bench.start("service")
    bench.turn()
    assert bench.done == ["plan"]
    assert bench.steps(uuid) == {"plan": "done", "boot": "pending"}
    assert bench.store.get(uuid).state == op.CANCELLED


def test_cancelled_in_its_last_step_it_has_succeeded(bench: Bench) -> None:
    bench.flow(
        "clean",
        bench.step("only", lambda task: bench.submitter.cancel(task.operation.uuid, "", "cancel")),
    )
    uuid = bench.start("clean")
    bench.turn()
    assert bench.store.get(uuid).state == op.SUCCEEDED


def test_cancelled_while_it_begins_to_wait_it_does_not_wait(bench: Bench) -> None:
    def wait(task: Task) -> Wait:
        bench.submitter.cancel(task.operation.uuid, "", "cancel")
        return Wait("a sign", 60)

    bench.flow("clean", bench.step("boot", undo=True), bench.step("wait", wait))
    uuid = bench.start("clean")
    bench.turn()
    assert bench.store.get(uuid).state == op.CANCELLED
    assert bench.done[-1] == "undo boot"


def test_an_undeploy_puts_a_waiting_operation_aside_but_not_one_that_runs(bench: Bench) -> None:
    _waiting_flow(bench, [])
    bench.flow("undeploy", bench.step("tear_down"))
    first = bench.start("clean")
    with pytest.raises(NodeBusy, match="the queue"):
        bench.start("undeploy")
    bench.turn()
    with pytest.raises(NodeBusy):
        bench.start("provide")
    second = bench.start("undeploy")
    assert bench.store.get(first).state == op.CANCELLED
    bench.turn()
    assert bench.store.get(second).state == op.SUCCEEDED
    assert bench.state() == states.AVAILABLE
    assert not bench.store.signal(first, {"late": 1}, bench.clock.now())


# -- losing and finding ------------------------------------------------------


def test_what_another_took_over_cannot_be_written_any_more(bench: Bench) -> None:
    bench.flow("clean", bench.step("one"), bench.step("two"))
    bench.start("clean")
    (ours,) = bench.claim()
    bench.later(LEASE_SECONDS + 1)
    (theirs,) = bench.claim(host="b")
    before, progress = bench.nodes.row(NODE), Progress(1, "two", [])
    change, now = NodeChange(NODE, {"description": "late"}), bench.clock.now()
    with pytest.raises(LeaseLost):
        bench.store.checkpoint(ours, progress, change, now)
    with pytest.raises(LeaseLost):
        bench.store.suspend(ours, progress, change, "x", None, now)
    with pytest.raises(LeaseLost):
        bench.store.finish(ours, op.SUCCEEDED, progress, change, None, now)
    assert bench.nodes.row(NODE) == before
    bench.runner.run(theirs)
    assert bench.store.get(ours.uuid).state == op.SUCCEEDED


def test_a_runner_that_lost_its_lease_stops_at_its_next_word(bench: Bench) -> None:
    def stall(_task: Task) -> None:
        if bench.done.count("one") == 1:
            bench.later(LEASE_SECONDS + 1)
            bench.turn("b")

    bench.flow("clean", bench.step("one", stall), bench.step("two"))
    uuid = bench.start("clean")
    bench.turn("a")
    assert bench.done == ["one", "one", "two"]
    assert bench.store.get(uuid).owner == "b"


def test_whoever_was_taken_over_undoes_nothing(bench: Bench) -> None:
    """It would power off the machine that the other has just powered on."""

    def oversleep(_task: Task) -> None:
        if bench.done.count("two") == 1:
            bench.later(LEASE_SECONDS + 1)
            bench.turn("b")
            raise DriverError("The machine is on, and does not go off.")

    bench.flow(
        "clean", bench.step("one", undo=True), bench.step("two", oversleep), bench.step("three")
    )
    uuid = bench.start("clean")
    bench.turn("a")
    assert bench.done == ["one", "two", "two", "three"]
    assert bench.store.get(uuid).state == op.SUCCEEDED


def test_only_whoever_has_the_operation_silences_its_agent(bench: Bench) -> None:
    bench.flow("clean", bench.step("one"))
    bench.start("clean")
    (ours,) = bench.claim()
    bench.later(LEASE_SECONDS + 1)
    (theirs,) = bench.claim(host="b")
    bench.nodes.note(NODE, bench.clock.now(), agent_token="new")
    with pytest.raises(LeaseLost):
        bench.store.forget_agent(ours, bench.clock.now())
    assert bench.nodes.row(NODE)["agent_token"] == "new"
    bench.store.forget_agent(theirs, bench.clock.now())
    assert bench.nodes.row(NODE)["agent_token"] is None


def test_a_silent_database_lets_an_operation_rest_and_go_on_at_its_step(bench: Bench) -> None:
    def silent_once(_task: Task) -> None:
        if bench.done.count("two") == 1:
            raise Unavailable("the database does not answer")

    bench.flow("clean", bench.step("one"), bench.step("two", silent_once), bench.step("three"))
    uuid = bench.start("clean")
    bench.turn()
    assert bench.store.get(uuid).state == op.RUNNING
    assert bench.turn() == 0
    bench.later(LEASE_SECONDS + 1)
    bench.turn()
    assert bench.done == ["one", "two", "two", "three"]
    assert bench.store.get(uuid).state == op.SUCCEEDED


def test_a_restarted_conductor_takes_back_its_own_at_once_and_nothing_else(bench: Bench) -> None:
    bench.flow("clean", bench.step("one"))
    mine, theirs = bench.start("clean"), bench.start("clean", bench.node(2))
    bench.claim(1, "a")
    bench.claim(1, "b")
    assert bench.store.requeue_lost(bench.clock.now(), "a") == 1
    assert bench.store.get(mine).state == op.QUEUED
    assert bench.store.get(theirs).state == op.RUNNING


def test_without_its_driver_an_operation_rests_and_can_be_cancelled(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    _waiting_flow(bench, [])
    uuid = bench.start("clean")
    bench.turn()

    def no_driver(_operation: object) -> Task:
        raise InvalidInput("Driver d is not enabled on this conductor.")

    monkeypatch.setattr(bench.runner, "_open_task", no_driver)
    bench.signal(uuid, any=1)
    bench.turn()
    assert bench.store.get(uuid).state == op.RUNNING
    bench.later(LEASE_SECONDS + 1)
    bench.submitter.cancel(uuid, "", "cancel")
    bench.turn()
    row = bench.nodes.row(NODE)
    assert bench.store.get(uuid).state == op.CANCELLED
    assert (row["provision_state"], row["operation_uuid"]) == (states.CLEAN_FAILED, None)
    assert "not enabled" in row["last_error"]


def test_two_requests_for_one_node_start_one_operation(bench: Bench) -> None:
    bench.flow("clean", bench.step("one"))
    bench.start("clean")
    with pytest.raises(NodeBusy, match=r"clean, queued"):
        bench.start("provide")
    assert bench.rung == [""]
