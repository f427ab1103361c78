"""Whether the database's schema is the one that this code expects, and how to get there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from baremetal.db import share_tables
from baremetal.db.database import Database, one_at_a_time
from baremetal.domain.errors import Unavailable

#: The newest revision in migrations/versions; a test compares them.
HEAD = "0008"

_MIGRATING = "baremetal migrations"
_VERSION_TABLE = "alembic_version"
_MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def current(db: Database) -> str | None:
    """The revision that the database is at; None where it is empty."""
    with db.read() as connection:
        if not sa.inspect(connection).has_table(_VERSION_TABLE):
            return None
        found = connection.execute(sa.text("SELECT version_num FROM alembic_version"))
        return found.scalar()


def ensure_current(db: Database) -> None:
    """Bring the database to the newest revision.

    :raises Unavailable: it was made by a newer release.
    """
    if current(db) != HEAD:
        upgrade(db)


def check_current(db: Database) -> None:
    """Return if the database is at this release's revision.

    :raises Unavailable: it is not, or does not answer.
    """
    found = current(db)
    if found != HEAD:
        raise Unavailable(
            f"The database's schema is {found or 'empty'}, this release needs {HEAD}; "
            "first: baremetal-manage db upgrade."
        )


def upgrade(db: Database, revision: str = "head") -> None:
    """Run the migrations up to `revision`.

    :raises Unavailable: the database was made by a newer release.
    """
    # Alembic takes a quarter of a second to import, and is seldom needed.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util.exc import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(migrations_dir()))
    with db.writer.begin() as connection, _alone(connection):
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, revision)
        except CommandError as error:
            raise Unavailable(
                f"The database can not be brought to this release's schema: {error}. "
                "If a newer release has used it, use that one."
            ) from error


@contextmanager
def _alone(connection: sa.Connection) -> Iterator[None]:
    """Let nobody else migrate meanwhile."""
    if connection.dialect.name == "postgresql":
        # A migration may think for longer than a transaction of the services may be idle.
        connection.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    if connection.dialect.name not in ("mysql", "mariadb"):
        one_at_a_time(connection, _MIGRATING)
        yield
        return
    # There each change of the schema ends a transaction, and with it our other locks.
    connection.execute(sa.text("SELECT GET_LOCK(:what, 3600)"), {"what": _MIGRATING})
    try:
        yield
    finally:
        connection.execute(sa.text("SELECT RELEASE_LOCK(:what)"), {"what": _MIGRATING})


def migrations_dir() -> Path:
    """Where the migrations are: beside the package in a checkout, in it once installed."""
    installed = Path(__file__).resolve().parents[1] / "migrations"
    return installed if installed.is_dir() else _MIGRATIONS


def differences(db: Database) -> list[object]:
    """How the database differs from the tables in the code; empty where it does not."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415
    from alembic.migration import MigrationContext  # noqa: PLC0415

    with db.read() as connection:
        context = MigrationContext.configure(connection)
        return list(compare_metadata(context, share_tables.shares.metadata))
