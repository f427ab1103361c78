"""Promises 2 and 3: the broker and the database go away, and come back."""

import os
import time
from typing import Any

import pytest

from devstack.stack import Stack
from tests.faults.production.storm import Caller, Storm, check_nothing_is_left
from tests.support.asking import wait_until

pytestmark = pytest.mark.slow

#: How long a server is away, seconds; 60 is promised.
_OUTAGE = float(os.environ.get("BAREMETAL_OUTAGE", "10"))


def _pids(plane: Stack) -> list[int]:
    return [daemon.pid for daemon in (plane.api, *plane.conductors)]


def test_work_goes_on_without_the_broker_and_none_of_its_queues_is_missed(
    plane: Stack, caller: Caller
) -> None:
    before = _pids(plane)
    with Storm(plane) as storm:
        storm.wait_for(10)
        plane.rabbit.stop()
        away = time.monotonic() + _OUTAGE
        while time.monotonic() < away:
            storm.wait_for(3)
        plane.rabbit.forget()
        plane.rabbit.start()
        storm.wait_for(30)
    refused = {status for status in storm.caller.statuses if status == 0 or status >= 500}
    assert not refused, storm.caller.replies[:3]
    check_nothing_is_left(caller)
    # And questions to hardware are answered again, by every conductor.
    wait_until(lambda: all(_load_of(caller, one.name) for one in plane.conductors), 60)
    assert _pids(plane) == before
    assert all(daemon.running for daemon in (plane.api, *plane.conductors))


def _load_of(caller: Caller, conductor: str) -> object:
    return caller.insist("GET", f"conductors/{conductor}")["load"]


def test_a_database_that_restarts_costs_a_moment_and_no_work(plane: Stack, caller: Caller) -> None:
    before = _pids(plane)
    with Storm(plane) as storm:
        storm.wait_for(10)
        plane.postgres.stop()
        answers = [caller.ask("GET", "nodes") for _ in range(5)]
        answers.append(caller.ask("POST", "nodes", {"driver": "fake-hardware"}))
        plane.postgres.start()
        storm.wait_for(30)
    for answer in answers:
        assert (answer.status, answer.retry_after) == (503, "5"), answer
    refused = {status for status in storm.caller.statuses if status == 0 or status >= 500}
    assert refused <= {503}, storm.caller.replies[:3]
    check_nothing_is_left(caller)
    assert _pids(plane) == before
    assert all(daemon.running for daemon in (plane.api, *plane.conductors))


def test_an_api_process_that_dies_is_replaced(plane: Stack, caller: Caller) -> None:
    workers = plane.api.children()
    with Storm(plane, at_once=8) as storm:
        storm.wait_for(5)
        plane.api.kill_child(workers[0])
        storm.wait_for(20)
    check_nothing_is_left(caller)
    wait_until(lambda: len(plane.api.children()) == len(workers), 30)
    assert workers[0] not in plane.api.children()


def test_a_share_is_made_opened_and_deleted_by_a_service_of_its_own(plane: Stack) -> None:
    def ask(method: str, path: str, body: object = None) -> Any:
        return plane.ask(method, f"/v2/shares{path}", body, root=plane.shares_url)

    made = ask("POST", "", {"share": {"share_proto": "NFS", "size": 1, "name": "trial"}})["share"]
    wait_until(lambda: ask("GET", f"/{made['id']}")["share"]["status"] == "available", 60)
    rule = {"access_type": "ip", "access_to": "192.0.2.7"}
    opened = ask("POST", f"/{made['id']}/action?wait=applied", {"allow_access": rule})["access"]
    assert opened["state"] == "active"
    ask("DELETE", f"/{made['id']}")
    wait_until(lambda: ask("GET", "?name=trial")["shares"] == [], 60)
