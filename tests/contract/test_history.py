"""The histories of nodes on every database: newest kept, others' untouched."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from baremetal.db import history
from baremetal.db.database import Database
from baremetal.db.tables import history as table
from baremetal.db.tables import metadata
from baremetal.domain import states
from baremetal.domain.history import EVENT_TYPES, Failure

NODE = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
OTHER = "6ba7b811-9dad-11d1-80b4-00c04fd430c8"


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


def _events(db: Database, node: str) -> list[str]:
    query = sa.select(table.c.event).where(table.c.node_uuid == node).order_by(table.c.id)
    with db.read() as connection:
        return list(connection.execute(query).scalars())


def test_only_the_newest_are_kept(db: Database) -> None:
    def fail(node: str, number: int) -> None:
        failure = Failure(f"failure {number}", "deploying", "one")
        history.record(tx, f"2026-01-01T00:00:00.{number:06}+00:00", node, failure)

    with db.write() as tx:
        fail(OTHER, 0)
        for number in range(history.KEPT + 5):
            fail(NODE, number)
    assert _events(db, NODE) == [f"failure {number}" for number in range(5, history.KEPT + 5)]
    assert _events(db, OTHER) == ["failure 0"]


def test_a_failure_that_is_rolled_back_is_not_in_it(db: Database) -> None:
    def fail_after_recording() -> None:
        with db.write() as tx:
            history.record(tx, "2026", NODE, Failure("gone", "power", "one"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_recording()
    assert _events(db, NODE) == []


def test_every_kind_of_operation_has_a_word() -> None:
    assert set(EVENT_TYPES) == {*states.PHASES, "power"}
