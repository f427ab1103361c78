"""Images on a real database of each kind: who sees them in lists, and how their bytes come."""

from typing import Any
from uuid import uuid4

import pytest

from baremetal.db.database import Database
from baremetal.db.image_data import ImageData
from baremetal.db.image_members import ImageMembers
from baremetal.db.images import ImageStore, Wanted
from baremetal.domain.errors import (
    AlreadyExists,
    ChangedMeanwhile,
    Conflict,
    InvalidInput,
    NotFound,
)
from tests.support.clock import ManualClock


@pytest.fixture
def store(database: Database) -> ImageStore:
    return ImageStore(database)


@pytest.fixture
def data(database: Database) -> ImageData:
    return ImageData(database)


@pytest.fixture
def members(database: Database) -> ImageMembers:
    return ImageMembers(database)


def _new(store: ImageStore, clock: ManualClock, name: str, **values: Any) -> str:
    uuid = str(uuid4())
    row = {"uuid": uuid, "name": name, "status": "queued", "visibility": "shared", "owner": "us"}
    clock.pass_time(1)
    store.insert({**row, **values}, clock.now())
    return uuid


def _names(store: ImageStore, **wanted: Any) -> list[str]:
    return [row["name"] for row in store.page(Wanted(**{"project": "us", **wanted}))]


def test_a_list_shows_what_a_project_may_see(
    store: ImageStore, members: ImageMembers, clock: ManualClock
) -> None:
    for visibility in ("public", "community", "shared", "private"):
        _new(store, clock, f"our {visibility}", visibility=visibility)
        uuid = _new(store, clock, f"their {visibility}", visibility=visibility, owner="them")
        if visibility in ("shared", "private"):
            members.add(uuid, "us", clock.now())
    ours = ["our private", "our shared", "our community", "their public", "our public"]
    assert _names(store) == ours
    assert "their shared" in _names(store, member_status="pending")
    shared = store.page(Wanted("us", visibility="shared", member_status="all"))[0]
    members.answer(shared["uuid"], "us", "accepted", clock.now())
    assert "their shared" in _names(store)
    assert _names(store, visibility="community") == ["their community", "our community"]
    assert _names(store, project=None) == ["their public", "our public"]
    assert len(_names(store, everybody=True)) == 8


@pytest.mark.parametrize("down", [True, False])
@pytest.mark.parametrize("key", ["name", "size", "created_at", "id", "disk_format"])
def test_pages_follow_each_other_without_gap_or_repetition(
    store: ImageStore, clock: ManualClock, key: str, *, down: bool
) -> None:
    for number in range(7):
        size = None if number % 3 == 0 else number % 2
        _new(store, clock, f"n{number % 4}", size=size, disk_format="raw" if number % 2 else None)
    sort = ((key, down),)
    whole = [row["uuid"] for row in store.page(Wanted("us", sort=sort))]
    assert len(set(whole)) == 7
    found: list[str] = []
    while page := store.page(Wanted("us", sort=sort, limit=2, marker=found[-1] if found else None)):
        found += [row["uuid"] for row in page]
    assert found == whole
    with pytest.raises(InvalidInput, match="Start again"):
        store.page(Wanted("us", marker=str(uuid4())))


def test_filters_look_at_columns_tags_and_properties_letter_by_letter(
    store: ImageStore, clock: ManualClock
) -> None:
    _new(store, clock, "a", tags=["Prod", "x%"], properties={"os": 'a"b'}, size=5)
    _new(store, clock, "b", tags=["prod"], properties={"os": "ab"}, size=9)
    assert _names(store, tags=["prod"]) == ["b"]
    assert _names(store, tags=["Prod", "x%"]) == ["a"]
    assert _names(store, tags=["x_"]) == []
    assert _names(store, properties={"os": 'a"b'}) == ["a"]
    assert _names(store, properties={"os": "a"}) == []
    assert _names(store, equal={"name": ["a", "b", "c"]}) == ["b", "a"]
    assert _names(store, compared=[("size", "gte", 6)]) == ["b"]


def test_bytes_come_whole_or_not_at_all(
    store: ImageStore, data: ImageData, clock: ManualClock
) -> None:
    uuid = _new(store, clock, "a")
    before = store.row(uuid)
    data.begin(before, "upload", "here", "local", clock.now())
    assert store.row(uuid)["status"] == "saving"
    assert store.stores_of([uuid]) == {}
    with pytest.raises(Conflict, match="is saving"):
        data.begin(store.row(uuid), "upload", "there", "local", clock.now())
    with pytest.raises(ChangedMeanwhile):
        data.begin(before, "upload", "there", "local", clock.now())
    data.give_up(uuid, "upload failed", "here", clock.now())
    assert store.row(uuid)["status"] == "queued"
    assert data.locations() == []

    data.begin(store.row(uuid), "upload", "again", "local", clock.now())
    data.finish(uuid, "upload done", ["again"], {"size": 3 << 40, "checksum": "c"}, clock.now())
    row = store.row(uuid)
    assert (row["status"], row["size"], row["checksum"]) == ("active", 3 << 40, "c")
    assert store.stores_of([uuid]) == {uuid: ["local"]}


def test_deletion_is_of_two_phases(
    store: ImageStore, data: ImageData, members: ImageMembers, clock: ManualClock
) -> None:
    uuid = _new(store, clock, "a")
    members.add(uuid, "them", clock.now())
    data.begin(store.row(uuid), "upload", "here", "local", clock.now())
    (location,) = data.begin_delete(store.row(uuid), clock.now())
    assert (location["uuid"], location["store"]) == ("here", "local")
    with pytest.raises(NotFound):
        store.row(uuid)
    assert _names(store) == []
    # An upload that was under way finds nothing to finish, nor brings the image back.
    with pytest.raises(Conflict):
        data.finish(uuid, "upload done", ["here"], {}, clock.now())
    assert [row["state"] for row in data.locations(uuid)] == ["deleting"]
    data.forget(uuid)
    assert data.locations() == members.all(uuid) == []
    data.give_up(uuid, "upload failed", "here", clock.now())


def test_members_are_added_once_and_answer_for_themselves(
    store: ImageStore, members: ImageMembers, clock: ManualClock
) -> None:
    uuid = _new(store, clock, "a")
    members.add(uuid, "them", clock.now())
    with pytest.raises(AlreadyExists, match="them"):
        members.add(uuid, "them", clock.now())
    members.answer(uuid, "them", "rejected", clock.now())
    assert members.get(uuid, "them")["status"] == "rejected"
    members.remove(uuid, "them")
    for call in (members.get, members.remove):
        with pytest.raises(NotFound):
            call(uuid, "them")
