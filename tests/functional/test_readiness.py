"""What a process lacks to be of use, and that it says so to anybody without telling secrets."""

import socket
from datetime import timedelta
from pathlib import Path

import pytest
from oslo_config import cfg

import baremetal.cmd.backend  # noqa: F401 - must come before anything of oslo
from baremetal.clock import Clock
from baremetal.db import schema
from baremetal.db.conductors import ConductorStore
from baremetal.db.database import Database
from baremetal.health.checks import missing
from baremetal.rpc.transport import make_transport
from tests.support.configuration import fresh_configuration
from tests.support.databases import *  # noqa: F403


@pytest.fixture
def conf(tmp_path: Path) -> cfg.ConfigOpts:
    made = fresh_configuration(tmp_path)
    make_transport(made, "inproc://").cleanup()
    return made


def _join(db: Database, seconds: float) -> None:
    now = Clock().now()
    ConductorStore(db).register("c", "", {}, now, now + timedelta(seconds=seconds))


def test_nothing_is_missing_where_all_is_there(conf: cfg.ConfigOpts, database: Database) -> None:
    _join(database, 60)
    assert missing(conf, database, Clock()) == {}


def test_a_conductor_must_be_alive(conf: cfg.ConfigOpts, database: Database) -> None:
    assert missing(conf, database, Clock()) == {"conductor": "No conductor is alive."}
    _join(database, -1)
    assert set(missing(conf, database, Clock())) == {"conductor"}


def test_the_schema_must_be_this_releases(conf: cfg.ConfigOpts, tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'old.sqlite'}")
    schema.upgrade(db, "0002")
    found = missing(conf, db, Clock())
    assert set(found) == {"database"}
    assert f"is 0002, this release needs {schema.HEAD}" in found["database"]
    db.close()


def test_the_database_must_answer(conf: cfg.ConfigOpts) -> None:
    db = Database("postgresql+psycopg://baremetal:hunter2@127.0.0.1:9/db?connect_timeout=2")
    assert missing(conf, db, Clock()) == {"database": "The database does not answer."}
    db.close()


def test_a_broker_must_answer_where_one_is_configured(
    conf: cfg.ConfigOpts, sqlite_database: Database
) -> None:
    _join(sqlite_database, 60)
    with socket.socket() as nobody:
        # Bound and not listened on: whoever comes is refused, and nobody else gets the port.
        nobody.bind(("127.0.0.1", 0))
        url = f"rabbit://user:hunter2@127.0.0.1:{nobody.getsockname()[1]}/vhost"
        conf.set_override("transport_url", url)
        found = missing(conf, sqlite_database, Clock())
    assert found == {"message_bus": "The message bus does not answer."}


def test_what_listens_must_be_a_broker(conf: cfg.ConfigOpts, sqlite_database: Database) -> None:
    """One that takes connections and says nothing is given up after two seconds."""
    _join(sqlite_database, 60)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"rabbit://user:hunter2@127.0.0.1:{mute.getsockname()[1]}/"
        conf.set_override("transport_url", url)
        assert set(missing(conf, sqlite_database, Clock())) == {"message_bus"}
