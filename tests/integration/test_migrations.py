"""Migrations, on all databases, with data in them."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.dialects.mysql import LONGTEXT

from baremetal.db import schema
from baremetal.db.database import Database
from baremetal.db.tables import metadata
from baremetal.domain.errors import Unavailable


def _revisions() -> list[str]:
    """From the oldest to the newest."""
    config = Config()
    config.set_main_option("script_location", str(schema.migrations_dir()))
    scripts = ScriptDirectory.from_config(config)
    assert len(scripts.get_heads()) == 1, "two revisions build on the same one"
    return [script.revision for script in scripts.walk_revisions()][::-1]


REVISIONS = _revisions()


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with nothing in it, not even a schema."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'empty.sqlite'}"
    elif request.param == "mariadb":
        url = request.getfixturevalue("mariadb").create_database()
    else:
        url = request.getfixturevalue("fresh_postgres_url")
    db = Database(url)
    yield db
    db.close()


def _tables(db: Database) -> list[sa.Table]:
    """The tables as they are, whatever the code says."""
    found = sa.MetaData()
    with db.writer.begin() as connection:
        found.reflect(connection)
    return [
        table for table in found.sorted_tables if table.name not in ("alembic_version", "locks")
    ]


def _value(column: sa.Column[Any], number: int) -> Any:
    if isinstance(column.type, sa.Boolean):
        return bool(number % 2)
    if isinstance(column.type, sa.Float):
        return float(number)
    if isinstance(column.type, sa.Integer):
        return number
    if isinstance(column.type, sa.Text | LONGTEXT):
        return f'{{"row":{number}}}'
    return f"{column.name[:10]} {number}"


def _fill(db: Database, *, sparse: bool) -> None:
    """Three rows in each table: with all columns, or with those alone that must be given."""
    for table in _tables(db):
        columns = [
            column
            for column in table.c
            if not sparse or not (column.nullable or column.server_default is not None)
        ]
        rows = [{column.name: _value(column, number) for column in columns} for number in (1, 2, 3)]
        with db.write() as tx:
            tx.execute(table.insert(), rows)


def _content(db: Database) -> dict[str, list[dict[str, Any]]]:
    content = {}
    for table in _tables(db):
        with db.read() as connection:
            rows = connection.execute(sa.select(table)).mappings()
            content[table.name] = sorted((dict(row) for row in rows), key=str)
    return content


def test_the_code_expects_the_newest_revision() -> None:
    assert REVISIONS[-1] == schema.HEAD


def test_a_new_database_is_what_the_code_says(empty: Database) -> None:
    assert schema.current(empty) is None
    schema.ensure_current(empty)
    assert schema.current(empty) == schema.HEAD
    assert schema.differences(empty) == []
    schema.ensure_current(empty)


def test_differences_are_found(empty: Database) -> None:
    schema.upgrade(empty)
    with empty.write() as tx:
        tx.execute(sa.text("ALTER TABLE nodes DROP COLUMN description"))
        tx.execute(sa.text("CREATE TABLE odd (id INTEGER)"))
    found = str(schema.differences(empty))
    assert "description" in found
    assert "odd" in found


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("start", REVISIONS)
def test_data_of_each_revision_is_there_at_the_end(
    empty: Database, start: str, *, sparse: bool
) -> None:
    schema.upgrade(empty, start)
    _fill(empty, sparse=sparse)
    before = _content(empty)
    for revision in REVISIONS[REVISIONS.index(start) + 1 :]:
        schema.upgrade(empty, revision)
        assert schema.current(empty) == revision
    after = _content(empty)
    assert schema.differences(empty) == []
    for name, rows in before.items():
        kept = [{key: row[key] for key in rows[0]} for row in after[name]]
        assert sorted(kept, key=str) == rows, name


def test_defaults_of_the_database_are_those_of_the_code(empty: Database) -> None:
    schema.upgrade(empty)
    _fill(empty, sparse=True)
    for table in metadata.sorted_tables:
        with empty.read() as connection:
            row = connection.execute(sa.select(table)).mappings().first()
        assert row is not None
        for column in table.c:
            if isinstance(column.type, sa.Boolean) and not column.nullable:
                assert isinstance(row[column.name], bool), column
            if column.server_default is not None and not column.primary_key:
                assert row[column.name] is not None, column


def test_a_database_of_a_newer_release_is_refused(empty: Database) -> None:
    schema.upgrade(empty)
    with empty.write() as tx:
        tx.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Unavailable, match="newer release"):
        schema.ensure_current(empty)
    assert schema.current(empty) == "9999"


def test_two_that_start_at_once_make_one_schema(empty: Database) -> None:
    errors: list[Exception] = []
    barrier = threading.Barrier(3)

    def start() -> None:
        db = Database(empty.url.render_as_string(hide_password=False))
        barrier.wait()
        try:
            schema.ensure_current(db)
        except Exception as error:  # noqa: BLE001 - the test wants to see them all
            errors.append(error)
        finally:
            db.close()

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert schema.differences(empty) == []
