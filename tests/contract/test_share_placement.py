"""Shares are placed on every database: a burst never takes more than there is."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from baremetal.clock import Clock
from baremetal.db.database import Database
from baremetal.db.share_backends import BackendStore
from baremetal.db.share_messages import MessageStore
from baremetal.db.share_quotas import Bound
from baremetal.db.share_tables import share_backends, shares
from baremetal.db.tables import metadata, operations
from baremetal.domain.share import CREATE, QuotaExceeded, Wish
from baremetal.scheduler.share_placement import ShareScheduler

pytestmark = pytest.mark.slow

CLOCK = Clock()
BURST = 200
SIZE = 3
TYPE = CLOCK.new_uuid()


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'test.sqlite'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("fresh_postgres_url")
    elif request.param == "mariadb":
        url = request.getfixturevalue("mariadb").create_database()
    database = Database(url)
    metadata.create_all(database.writer)
    if request.param == "mariadb":
        request.getfixturevalue("lock_rows")(database)
    yield database
    database.close()


@pytest.fixture
def lock_rows() -> Any:
    """What migrations put into the table of locks."""
    from baremetal.db.tables import LOCK_ROWS, locks  # noqa: PLC0415

    def fill(db: Database) -> None:
        with db.write() as tx:
            tx.execute(locks.insert(), [{"id": number} for number in range(LOCK_ROWS)])

    return fill


def _report(db: Database, name: str, ceiling: int) -> None:
    values = {
        "service": "here",
        "backend": name,
        "availability_zone": "nova",
        "total": float(ceiling),
        "free": float(ceiling),
        "ceiling": ceiling,
        "capabilities": {"storage_protocol": "NFS"},
    }
    BackendStore(db).report(f"here@{name}#{name}", values, CLOCK.now(), 60)


def _place(db: Database, bounds: Sequence[Bound] = ()) -> str | None:
    uuid = CLOCK.new_uuid()
    values = {
        "uuid": uuid,
        "instance_uuid": CLOCK.new_uuid(),
        "project_id": "p",
        "user_id": "u",
        "size": SIZE,
        "share_proto": "NFS",
        "status": "creating",
        "access_rules_status": "active",
        "share_type": TYPE,
        "share_type_name": "default",
        "metadata": {},
    }
    intent: dict[str, Any] = {
        "uuid": CLOCK.new_uuid(),
        "kind": CREATE,
        "resource_type": "share",
        "resource_uuid": uuid,
        "params": {},
        "request_id": None,
    }
    wish = Wish(size=SIZE, protocol="NFS", specs={})
    return ShareScheduler(db, CLOCK).place(wish, values, bounds, intent)


def _rows(db: Database, table: sa.Table) -> list[dict[str, Any]]:
    with db.read() as connection:
        return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


def test_a_burst_spreads_and_never_takes_more_than_there_is(db: Database) -> None:
    # Room for 190 of 200, in four pools that do not divide by the size of a share.
    for name, ceiling in (("a", 152), ("b", 145), ("c", 140), ("d", 139)):
        _report(db, name, ceiling)
    with ThreadPoolExecutor(16) as pool:
        placed = list(pool.map(lambda _: _place(db), range(BURST)))
    made = _rows(db, shares)
    there = [share for share in made if share["host"] is not None]
    room = sum(ceiling // SIZE for ceiling in (152, 145, 140, 139))
    assert len(made) == BURST
    assert placed.count("here") == len(there) == len(_rows(db, operations)) == room
    for backend in _rows(db, share_backends):
        here = sum(share["claimed"] for share in there if share["host"] == backend["host"])
        assert backend["ceiling"] - SIZE < here == backend["allocated"] <= backend["ceiling"]
    lost = {share["uuid"] for share in made if share["status"] == "error"}
    said = MessageStore(db).all([], 0, BURST)
    assert {message["resource_id"] for message in said} == lost
    assert all("with room for 3 GiB" in message["user_message"] for message in said)


@pytest.mark.parametrize("whose", ["project", "user", "share_type"])
def test_nobody_ever_has_more_than_their_quota(db: Database, whose: str) -> None:
    for name in "ab":
        _report(db, name, 1000)
    bounds = [Bound({"shares": 40, "gigabytes": 50 if whose == "project" else 1000})]
    if whose != "project":
        bounds.append(Bound({"gigabytes": 50}, **{whose: "u" if whose == "user" else TYPE}))

    def attempt(_: int) -> bool:
        try:
            return _place(db, bounds) is not None
        except QuotaExceeded:
            return False

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(attempt, range(30))) == 50 // SIZE
    assert sum(share["claimed"] for share in _rows(db, shares)) == 48
