"""Placement on every database: who is chosen, why nobody is, and what racers get."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from baremetal.clock import Clock
from baremetal.db.allocations import AllocationStore
from baremetal.db.database import Database
from baremetal.db.tables import allocations, metadata, nodes
from baremetal.domain.allocation import Wish
from baremetal.domain.errors import AlreadyExists, Conflict
from baremetal.scheduler.placement import Scheduler

CLOCK = Clock()
_FREE: dict[str, Any] = {
    "driver": "fake-hardware",
    "provision_state": "available",
    "power_state": "power off",
    "resource_class": "plain",
    "created_at": "2026-01-01T00:00:00.000000+00:00",
}


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'test.sqlite'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("fresh_postgres_url")
    elif request.param == "mariadb":
        url = request.getfixturevalue("mariadb").create_database()
    database = Database(url)
    metadata.create_all(database.writer)
    yield database
    database.close()


@pytest.fixture
def scheduler(db: Database) -> Scheduler:
    return Scheduler(db, CLOCK)


def _enrol(db: Database, name: str, **values: Any) -> str:
    uuid = CLOCK.new_uuid()
    with db.write() as tx:
        tx.execute(nodes.insert(), {**_FREE, "uuid": uuid, "name": name, **values})
    return uuid


def _wish(**values: Any) -> Wish:
    return Wish(**{"uuid": CLOCK.new_uuid(), "resource_class": "plain", **values})


def _row(db: Database, table: sa.Table, uuid: str) -> dict[str, Any]:
    with db.read() as connection:
        return dict(
            connection.execute(sa.select(table).where(table.c.uuid == uuid)).mappings().one()
        )


def _chosen(db: Database, wish: Wish) -> str | None:
    """The name of the node that fulfils the wish."""
    row = _row(db, allocations, wish.uuid)
    if row["node_uuid"] is None:
        assert row["state"] == "error"
        return None
    assert row["state"] == "active"
    assert row["last_error"] is None
    node = _row(db, nodes, row["node_uuid"])
    assert (node["instance_uuid"], node["allocation_uuid"]) == (wish.uuid, wish.uuid)
    assert node["instance_info"]["traits"] == list(wish.traits)
    return str(node["name"])


def _why(db: Database, wish: Wish) -> str:
    row = _row(db, allocations, wish.uuid)
    prefix = f"Failed to process allocation {wish.uuid}: "
    assert row["last_error"].startswith(prefix)
    return str(row["last_error"].removeprefix(prefix))


UNFIT: dict[str, tuple[dict[str, Any], str]] = {
    "resource class": ({"resource_class": "gpu"}, "resource class gpu"),
    "no class": ({"resource_class": None}, "no class"),
    "state": ({"provision_state": "active"}, "active"),
    "maintenance": (
        {"maintenance": True, "maintenance_reason": "fan"},
        "maintenance: fan",
    ),
    "retired": ({"retired": True}, "retired"),
    "fault": ({"fault": "power failure"}, "power failure"),
    "never powered": ({"power_state": None}, "power state unknown"),
    "taken": (
        {"instance_uuid": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"},
        "instance 6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    ),
    "at work": (
        {"operation_uuid": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"},
        "operation 6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    ),
}


@pytest.mark.parametrize("reason", UNFIT)
def test_an_unfit_node_is_never_chosen_and_the_error_says_why(
    db: Database, scheduler: Scheduler, reason: str
) -> None:
    values, told = UNFIT[reason]
    _enrol(db, "unfit", **values)
    wish = _wish()
    scheduler.place(wish)
    assert _chosen(db, wish) is None
    assert _why(db, wish).endswith(f"Nearest: unfit ({told}).")


def test_the_explanation_counts_what_each_filter_left(db: Database, scheduler: Scheduler) -> None:
    for number in range(4):
        _enrol(db, f"plain{number}", traits=["CUSTOM_A"], provision_state="cleaning")
    _enrol(db, "bare")
    _enrol(db, "other", resource_class="gpu")
    wish = _wish(traits=("CUSTOM_A",))
    scheduler.place(wish)
    assert _why(db, wish) == (
        "no node fits. Of 6 nodes: 5 with resource class plain, of these 4 with CUSTOM_A, "
        "of these none in state available. "
        "Nearest: plain0 (cleaning), plain1 (cleaning), plain2 (cleaning)."
    )


def test_without_any_node_it_says_so(db: Database, scheduler: Scheduler) -> None:
    wish = _wish()
    scheduler.place(wish)
    assert _why(db, wish) == "no node is enrolled."


def test_traits_must_all_be_there_and_whole(db: Database, scheduler: Scheduler) -> None:
    _enrol(db, "longer", traits=["CUSTOM_AB", "XCUSTOM_A"])
    _enrol(db, "half", traits=["CUSTOM_A"])
    _enrol(db, "underscore is no wildcard", traits=["CUSTOMXA", "CUSTOM_B"])
    wish = _wish(traits=("CUSTOM_A", "CUSTOM_B"))
    scheduler.place(wish)
    assert _chosen(db, wish) is None
    assert "longer (without CUSTOM_A, CUSTOM_B)" in _why(db, wish)
    _enrol(db, "right", traits=["CUSTOM_A", "CUSTOM_B", "CUSTOM_C"])
    wish = _wish(traits=("CUSTOM_A", "CUSTOM_B"))
    scheduler.place(wish)
    assert _chosen(db, wish) == "right"


def test_candidates_and_owners_narrow_the_choice(db: Database, scheduler: Scheduler) -> None:
    first = _enrol(db, "first")
    second = _enrol(db, "second", owner="blue")
    _enrol(db, "third", lessee="blue")
    wish = _wish(candidates=(second,))
    scheduler.place(wish)
    assert _chosen(db, wish) == "second"
    wish = _wish(owner="blue")
    scheduler.place(wish)
    assert _chosen(db, wish) == "third"
    wish = _wish(candidates=(first,), owner="blue")
    scheduler.place(wish)
    assert _chosen(db, wish) is None
    assert "none among the candidates" in _why(db, wish)


def test_special_nodes_are_left_for_those_who_ask(db: Database, scheduler: Scheduler) -> None:
    _enrol(db, "special", traits=["CUSTOM_GPU"])
    _enrol(db, "ordinary")
    wish = _wish()
    scheduler.place(wish)
    assert _chosen(db, wish) == "ordinary"


def test_the_node_of_the_same_name_comes_first(db: Database, scheduler: Scheduler) -> None:
    for number in range(5):
        _enrol(db, f"plain{number}")
    _enrol(db, "mine", traits=["CUSTOM_GPU"])
    wish = _wish(name="mine")
    scheduler.place(wish)
    assert _chosen(db, wish) == "mine"


def test_nodes_whose_conductor_lives_come_first(db: Database, scheduler: Scheduler) -> None:
    _enrol(db, "left alone", conductor_group="away")
    _enrol(db, "driven", conductor_group="here", traits=["CUSTOM_A"])
    first, second = _wish(), _wish()
    scheduler.place(first, [("fake-hardware", "here")])
    scheduler.place(second, [("fake-hardware", "here")])
    assert _chosen(db, first) == "driven"
    assert _chosen(db, second) == "left alone"


def test_each_node_goes_to_one_racer_at_most(db: Database, scheduler: Scheduler) -> None:
    for number in range(12):
        _enrol(db, f"plain{number}")
    wishes = [_wish() for _ in range(20)]
    together = threading.Barrier(10)

    def race(wish: Wish) -> None:
        together.wait(10)
        scheduler.place(wish)

    with ThreadPoolExecutor(10) as racers:
        list(racers.map(race, wishes))
    won = [name for wish in wishes if (name := _chosen(db, wish)) is not None]
    assert sorted(won) == sorted(f"plain{number}" for number in range(12))
    lost = [wish for wish in wishes if _chosen(db, wish) is None]
    for wish in lost:
        assert "none not in use" in _why(db, wish) or "at the same time" in _why(db, wish)


def test_a_taken_name_or_uuid_changes_nothing(db: Database, scheduler: Scheduler) -> None:
    node = _enrol(db, "one")
    other = _enrol(db, "two", instance_uuid=CLOCK.new_uuid(), provision_state="active")
    scheduler.place(_wish(name="mine", resource_class="none such"))
    with pytest.raises(AlreadyExists, match="An allocation with name mine already exists"):
        scheduler.place(_wish(name="mine"))
    with pytest.raises(AlreadyExists, match="is already associated with a node"):
        scheduler.place(_wish(uuid=_row(db, nodes, other)["instance_uuid"]))
    assert _row(db, nodes, node)["instance_uuid"] is None
    assert _row(db, nodes, node)["version"] == 1


def test_backfill_takes_the_instance_that_is_there(db: Database, scheduler: Scheduler) -> None:
    uuid = CLOCK.new_uuid()
    node = _enrol(db, "old", provision_state="active", instance_uuid=uuid)
    wish = _wish(uuid=uuid)
    scheduler.backfill(wish, _row(db, nodes, node))
    assert _chosen(db, wish) == "old"
    with pytest.raises(Conflict, match="it has the allocation"):
        scheduler.backfill(_wish(uuid=uuid), _row(db, nodes, node))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"provision_state": "available"}, 'must be in the "active" state'),
        ({"resource_class": "gpu"}, "its resource class gpu does not match plain"),
        ({"instance_uuid": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}, "is associated with instance"),
        ({"traits": ["CUSTOM_B"]}, "it does not have the traits CUSTOM_A"),
        ({"name": "stranger"}, "it is not among the candidate nodes"),
    ],
)
def test_backfill_refuses_a_node_that_is_something_else(
    db: Database, scheduler: Scheduler, values: dict[str, Any], told: str
) -> None:
    right = {"name": "old", "provision_state": "active", "traits": ["CUSTOM_A"]}
    node = _row(db, nodes, _enrol(db, **{**right, **values}))
    candidates = () if node["name"] == "old" else (CLOCK.new_uuid(),)
    wish = _wish(traits=("CUSTOM_A",), candidates=candidates)
    with pytest.raises(Conflict, match=told):
        scheduler.backfill(wish, node)
    assert _row(db, nodes, node["uuid"]) == node


def test_removal_frees_the_node(db: Database, scheduler: Scheduler) -> None:
    node = _enrol(db, "one", instance_info={"image_source": "x"})
    wish = _wish()
    scheduler.place(wish)
    AllocationStore(db).remove(_row(db, allocations, wish.uuid), _row(db, nodes, node), CLOCK.now())
    row = _row(db, nodes, node)
    assert (row["instance_uuid"], row["allocation_uuid"]) == (None, None)
    assert row["instance_info"] == {"image_source": "x"}
    assert AllocationStore(db).of_node(node) is None
