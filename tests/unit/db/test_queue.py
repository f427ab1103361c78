"""Whose turn it is: pure, from what is queued and what is in progress."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baremetal.db.queue import choose
from baremetal.domain.operation import Limits


@dataclass
class Row:
    id: int
    kind: str = "deploy"
    requested_by: str | None = None
    started_at: str | None = None
    conductor_group: str = ""


def _queue(requesters: str, kind: str = "deploy") -> list[Row]:
    return [Row(number, kind, who) for number, who in enumerate(requesters, 1)]


Begun = Counter[tuple[str, str, str | None]]


def _begun(count: int, host: str | None = "a", kind: str = "deploy") -> Begun:
    return Counter({(kind, "", host): count})


def test_in_order_for_one_requester() -> None:
    assert choose(_queue("xxx"), {}, {}, 2, "a") == [1, 2]


def test_one_each_in_turn_between_requesters() -> None:
    assert choose(_queue("xxxxyyz"), {}, {}, 7, "a") == [1, 5, 7, 2, 6, 3, 4]


def test_what_resumes_goes_first_whatever_the_limits() -> None:
    queued = [*_queue("xx"), Row(9, started_at="yesterday")]
    limits = {"deploy": Limits(per_conductor=1, per_group=1, rolling=1)}
    assert choose(queued, _begun(1), limits, 5, "a") == [9]


def test_there_is_only_so_much_room() -> None:
    queued = [Row(1, started_at="x"), Row(2, started_at="x"), Row(3)]
    assert choose(queued, {}, {}, 1, "a") == [1]


@pytest.mark.parametrize(
    ("limits", "begun", "expected"),
    [
        (Limits(per_conductor=3), _begun(1), [1, 2]),
        (Limits(per_conductor=3), _begun(5, "b"), [1, 2, 3]),
        (Limits(per_conductor=3), _begun(3), []),
        (Limits(per_group=3), _begun(1) + _begun(1, "b"), [1]),
        (Limits(per_group=3), _begun(9, kind="clean"), [1, 2, 3]),
        (Limits(rolling=2), _begun(0), [1, 2]),
        (Limits(rolling=2), _begun(1, "b"), []),
        (Limits(rolling=2), _begun(4, kind="clean"), [1, 2]),
        (Limits(), _begun(100), [1, 2, 3, 4]),
    ],
)
def test_limits(limits: Limits, begun: Begun, expected: list[int]) -> None:
    assert choose(_queue("xxxx"), begun, {"deploy": limits}, 10, "a") == expected


def test_a_kind_at_its_limit_does_not_stop_another() -> None:
    queued = [*_queue("xx"), Row(3, "power", "x")]
    assert choose(queued, {}, {"deploy": Limits(per_group=1)}, 10, "a") == [1, 3]


ROWS = st.lists(
    st.builds(
        Row,
        st.just(0),
        st.sampled_from(["deploy", "clean"]),
        st.sampled_from(["x", "y", None]),
        st.sampled_from([None, None, "then"]),
    ),
    max_size=30,
)
LIMITS = st.builds(
    Limits,
    st.none() | st.integers(0, 5),
    st.none() | st.integers(0, 5),
    st.integers(0, 4),
)


@given(ROWS, LIMITS, st.integers(0, 6), st.integers(0, 12))
def test_no_choice_breaks_a_limit(rows: list[Row], limit: Limits, busy: int, room: int) -> None:
    for number, row in enumerate(rows):
        row.id = number
    ids = choose(rows, _begun(busy), {"deploy": limit}, room, "a")
    chosen = [rows[number] for number in ids]
    assert len(set(ids)) == len(ids) <= room
    assert _fresh(chosen, "clean") == min(
        _fresh(rows, "clean"), max(0, room - _resumed(rows) - _fresh(chosen, "deploy"))
    )
    started = _fresh(chosen, "deploy")
    for most in (limit.per_conductor, limit.per_group):
        assert most is None or started <= max(0, most - busy)
    if limit.rolling:
        assert started <= (0 if busy else limit.rolling)


def _fresh(rows: Sequence[Row], kind: str) -> int:
    return sum(1 for row in rows if row.kind == kind and row.started_at is None)


def _resumed(rows: Sequence[Row]) -> int:
    return sum(1 for row in rows if row.started_at is not None)
