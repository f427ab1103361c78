"""Fixtures: a database with the newest schema and nothing in it, of each kind that we support.

A conftest that wants them imports them: ``from tests.support.databases import *``.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from baremetal.db import schema
from baremetal.db.database import Database
from baremetal.db.tables import metadata
from tests.support.postgres import PostgresServer

__all__ = ["database", "empty_sqlite_file", "migrated_postgres_url", "sqlite_database"]


@pytest.fixture(scope="session")
def empty_sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the newest schema, to be copied."""
    path = tmp_path_factory.mktemp("template") / "baremetal.sqlite"
    db = Database(f"sqlite:///{path}")
    schema.upgrade(db)
    db.close()
    assert not path.with_name(f"{path.name}-wal").exists(), "all of it must be in the one file"
    return path


@pytest.fixture(scope="session")
def migrated_postgres_url(postgres: PostgresServer) -> str:
    """A PostgreSQL database with the newest schema; each user empties it first."""
    url = postgres.create_database()
    db = Database(url)
    schema.upgrade(db)
    db.close()
    return url


@pytest.fixture
def sqlite_database(empty_sqlite_file: Path, tmp_path: Path) -> Iterator[Database]:
    """An SQLite file of one's own."""
    path = tmp_path / "baremetal.sqlite"
    shutil.copy(empty_sqlite_file, path)
    db = Database(f"sqlite:///{path}")
    yield db
    db.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An SQLite file, then a PostgreSQL database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_database")
        return
    db = Database(request.getfixturevalue("migrated_postgres_url"))
    names = ", ".join(metadata.tables)
    with db.write() as tx:
        tx.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY"))
    yield db
    db.close()
