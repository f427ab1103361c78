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
from devstack.mariadb import MariaServer
from devstack.postgres import PostgresServer

__all__ = [
    "database",
    "empty_sqlite_file",
    "migrated_mariadb_url",
    "migrated_postgres_url",
    "sqlite_database",
]
_SERVERS = {"postgresql": "migrated_postgres_url", "mariadb": "migrated_mariadb_url"}


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


@pytest.fixture(scope="session")
def migrated_mariadb_url(mariadb: MariaServer) -> str:
    """A MariaDB database with the newest schema; each user empties it first."""
    url = mariadb.create_database()
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


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An SQLite file, then a PostgreSQL database, then a MariaDB one."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_database")
        return
    db = Database(request.getfixturevalue(_SERVERS[request.param]))
    names = [name for name in metadata.tables if name != "locks"]
    with db.write() as tx:
        if request.param == "postgresql":
            tx.execute(sa.text(f"TRUNCATE {', '.join(names)} RESTART IDENTITY"))
        for name in names if request.param == "mariadb" else ():
            tx.execute(sa.text(f"TRUNCATE {name}"))
    yield db
    db.close()
