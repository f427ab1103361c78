"""The event log: numbered, complete, and not growing for ever."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from baremetal.db.database import Database
from baremetal.db.events import Event, EventLog
from baremetal.db.operations import record
from baremetal.db.outbox import OutboxStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AT = NOW.isoformat(timespec="microseconds")


def _event(number: int, node: str | None = None) -> Event:
    return "test", node, {"number": number}


def _record(database: Database, *events: Event) -> None:
    with database.write() as tx:
        record(tx, AT, events)


def _numbers(log: EventLog, after: int = 0, **rest: object) -> list[int]:
    return [event["data"]["number"] for event in log.after(after, **rest)]  # type: ignore[arg-type]


def test_events_come_in_the_order_they_were_recorded(database: Database) -> None:
    log = EventLog(database)
    assert (log.last_id(), log.after(0)) == (0, [])
    _record(database, _event(1), _event(2))
    _record(database, _event(3))
    assert _numbers(log) == [1, 2, 3]
    second = log.after(0)[1]
    assert (second["at"], second["type"]) == (AT, "test")
    assert _numbers(log, second["id"]) == [3]
    assert log.after(log.last_id()) == []


def test_one_node_s_events_can_be_picked_out(database: Database) -> None:
    _record(database, _event(1, "a"), _event(2, "b"), _event(3, "a"), _event(4))
    assert _numbers(EventLog(database), node="a") == [1, 3]


def test_so_many_at_a_time(database: Database) -> None:
    _record(database, *(_event(number) for number in range(10)))
    assert _numbers(EventLog(database), limit=4) == [0, 1, 2, 3]


def test_what_is_rolled_back_has_not_happened(database: Database) -> None:
    def change_mind() -> None:
        with database.write() as tx:
            record(tx, AT, [_event(1)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change_mind()
    assert EventLog(database).after(0) == []


def test_old_events_go_and_numbers_never_come_again(database: Database) -> None:
    log = EventLog(database)
    _record(database, *(_event(number) for number in range(10)))
    last = log.last_id()
    assert log.prune(3, NOW) == 7
    assert _numbers(log) == [7, 8, 9]
    assert log.prune(3, NOW) == 0
    _record(database, _event(10))
    assert log.last_id() == last + 1


def test_what_is_to_be_delivered_stays_while_somebody_tries_but_not_without_end(
    database: Database,
) -> None:
    log, outbox = EventLog(database), OutboxStore(database)
    _record(database, *(_event(number) for number in range(4)))
    outbox.begin(NOW)
    position = outbox.hold("a", NOW, NOW + timedelta(seconds=30))
    assert position == log.last_id()
    _record(database, *(_event(number) for number in range(4, 10)))
    assert log.prune(2, NOW) == 4
    assert outbox.advance("a", position + 1)
    assert log.prune(2, NOW) == 1
    _record(database, *(_event(number) for number in range(10, 60)))
    assert log.prune(2, NOW) == 55 - 2 * 20
    assert log.prune(2, NOW + timedelta(days=2)) == 2 * 20 - 2
    assert _numbers(log) == [58, 59]


def test_what_was_searched_in_vain_is_not_searched_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("baremetal.db.events._STRIDE", 10)
    log = EventLog(database)
    _record(database, *(_event(number, "busy") for number in range(30)))
    assert log.look(0, "quiet") == ([], log.last_id())
    _record(database, _event(30, "quiet"), _event(31, "busy"))
    found, reached = log.look(log.last_id() - 2, "quiet")
    assert ([event["data"]["number"] for event in found], reached) == ([30], log.last_id())
    found, reached = log.look(0, "busy", limit=4)
    assert (len(found), reached) == (4, found[-1]["id"])
    assert log.look(reached + 1000, "busy") == ([], reached + 1000)


@pytest.mark.parametrize("node", [None, "mine"])
def test_a_reader_misses_nothing_although_commits_overtake_each_other(
    database: Database, monkeypatch: pytest.MonkeyPatch, node: str | None
) -> None:
    """Numbers are given out before commits; a follower must not pass one that is yet to come."""
    monkeypatch.setattr("baremetal.db.events._STRIDE", 3)
    writers, each = 6, 25
    done = threading.Event()
    seen: list[int] = []

    def write(first: int) -> None:
        for number in range(first, first + each):
            with database.write() as tx:
                record(tx, AT, [_event(number, node)])
                record(tx, AT, [_event(0, "other")] * 3 if node else [])
                record(tx, AT, [_event(-number, node)])

    def follow() -> None:
        log, last = EventLog(database), 0
        while True:
            over = done.is_set()
            before = last
            events, last = log.look(before, node)
            assert [event for event in events if not before < event["id"] <= last] == []
            seen.extend(event["data"]["number"] for event in events)
            if over and not events:
                return
            time.sleep(0)  # green threads wait for a wait

    reader = threading.Thread(target=follow)
    threads = [threading.Thread(target=write, args=(1 + n * each,)) for n in range(writers)]
    for thread in (reader, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    reader.join()
    expected = range(1, 1 + writers * each)
    assert sorted(map(abs, seen)) == sorted([*expected, *expected])
