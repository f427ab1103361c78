"""Pages of a list, whatever the order: each row once, none left out, none read for nothing."""

from pathlib import Path
from typing import Any

import pytest

from baremetal.db.database import Database
from baremetal.domain.errors import NotFound
from tests.support.clock import ManualClock
from tests.support.house import House

COUNT = 23


@pytest.fixture
def house(database: Database, clock: ManualClock, tmp_path: Path) -> House:
    made = House(database, tmp_path, clock)
    for number in range(COUNT):
        fields: dict[str, Any] = {"name": f"n{number * 7 % COUNT:02d}"}
        if number % 3:
            fields["resource_class"] = f"class-{number % 2}"
        if number % 4 == 0:
            fields["description"] = "about 100% of it_all"
        made.enrol(**fields)
        clock.pass_time(1)
    return made


def _pages(house: House, query: str) -> list[list[str]]:
    """The names on each page, by following the links."""
    pages, path = [], f"nodes?fields=name,uuid&{query}"
    while path:
        body = house.asked("GET", path)
        pages.append([node["name"] for node in body["nodes"]])
        path = body.get("next", "").partition("/v1/")[2]
    return pages


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("key", ["id", "name", "created_at", "resource_class", "maintenance"])
@pytest.mark.parametrize("limit", [1, 5, COUNT])
def test_pages_follow_each_other_without_gap_or_repetition(
    house: House, key: str, direction: str, limit: int
) -> None:
    order = f"sort_key={key}&sort_dir={direction}"
    (whole,) = _pages(house, order)
    assert len(set(whole)) == COUNT
    pages = _pages(house, f"limit={limit}&{order}")
    assert [name for page in pages for name in page] == whole
    assert {len(page) for page in pages[:-1]} <= {limit}


def test_both_directions_are_each_others_mirror(house: House) -> None:
    (up,), (down,) = (
        _pages(house, f"sort_key=resource_class&sort_dir={d}") for d in ("asc", "desc")
    )
    assert up == down[::-1]


def test_names_are_sorted(house: House) -> None:
    (names,) = _pages(house, "sort_key=name")
    assert names == sorted(names)


def test_a_filter_holds_on_all_pages(house: House) -> None:
    pages = _pages(house, "limit=2&resource_class=class-1")
    assert len(pages) > 1
    for page in pages:
        assert {house.row(name)["resource_class"] for name in page} == {"class-1"}


def test_what_changes_between_two_pages_disturbs_no_other(house: House) -> None:
    body = house.asked("GET", "nodes?limit=10&sort_key=name")
    first = [node["name"] for node in body["nodes"]]
    house.asked("DELETE", f"nodes/{first[3]}")
    house.enrol("n00-late")
    rest = house.asked("GET", body["next"].partition("/v1/")[2])["nodes"]
    assert [node["name"] for node in rest][:3] == ["n10", "n11", "n12"]


def test_a_marker_that_is_gone_is_said_so(house: House) -> None:
    uuid = house.row("n05")["uuid"]
    house.asked("DELETE", "nodes/n05")
    with pytest.raises(NotFound):
        house.row("n05")
    reply = house.request("GET", f"nodes?marker={uuid}")
    assert reply.status == 400
    assert uuid in reply.fault


@pytest.mark.parametrize(
    ("text", "found"), [("100%25", 6), ("it_all", 6), ("1%25", 0), ("i__a", 0)]
)
def test_a_search_takes_signs_as_they_are(house: House, text: str, found: int) -> None:
    (names,) = _pages(house, f"description_contains={text}")
    assert len(names) == found
