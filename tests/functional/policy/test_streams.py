"""Event streams end, are resumed where they ended, and judge their readers each time."""

from pathlib import Path

import pytest

import baremetal.cmd.backend  # noqa: F401 - must come before anything of oslo
from baremetal.db.database import Database
from tests.support.callers import LESSEE, OWNER, Claims
from tests.support.clock import ManualClock
from tests.support.house import House


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def house(sqlite_database: Database, clock: ManualClock, tmp_path: Path, claims: Claims) -> House:
    made = House(sqlite_database, tmp_path, clock, auth=claims)
    made.enrol("lent", owner=OWNER, lessee=LESSEE)
    return made


def _last_id(text: str) -> str:
    return [line for line in text.splitlines() if line.startswith("id: ")][-1].removeprefix("id: ")


@pytest.mark.slow
def test_a_stream_ends_after_some_minutes_and_is_resumed(house: House, clock: ManualClock) -> None:
    began = clock.monotonic()
    first = house.heard("events/stream")
    assert 240 < clock.monotonic() - began < 600
    assert "event: " not in first
    node = house.enrol("n")["uuid"]
    second = house.heard("events/stream", _last_id(first))
    assert second.count("event: node.created") == 1
    assert node in second
    assert "event: " not in house.heard("events/stream", _last_id(second))


@pytest.mark.slow
def test_who_may_no_longer_see_a_node_hears_no_more_of_it(house: House, claims: Claims) -> None:
    with claims.being("lessee's reader"):
        house.heard("events/stream?node=lent")
    house.asked("PATCH", "nodes/lent", [{"op": "remove", "path": "/lessee"}])
    with claims.being("lessee's reader"):
        assert house.request("GET", "events/stream?node=lent").status == 404


def test_streams_of_other_nodes_pass_by(house: House) -> None:
    """What is said of others moves the place at which a stream of one node is resumed."""
    for number in range(5):
        house.enrol(f"n-{number}")
    text = house.heard("events/stream?node=lent", "0")
    assert text.count("event: node.created") == 1
    assert _last_id(text) == str(house.events.last_id())
