import subprocess
from pathlib import Path

import pytest
import sqlalchemy as sa

from devstack.postgres import FORGETFUL, PostgresServer, PostgresUnavailableError


def _databases(url: str) -> set[str]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        names = {row[0] for row in connection.execute(sa.text("SELECT datname FROM pg_database"))}
    engine.dispose()
    return names


def test_a_fresh_database_is_dropped_although_somebody_is_connected(
    postgres: PostgresServer, postgres_url: str
) -> None:
    url = postgres.create_database()
    name = url.rpartition("/")[2]
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        connection.execute(sa.text("CREATE TABLE machines (id int)"))
        connection.commit()
        assert name in _databases(postgres_url)
        postgres.drop_database(url)
    engine.dispose()
    assert name not in _databases(postgres_url)


@pytest.mark.usefixtures("postgres")
def test_a_stopped_server_leaves_no_process_behind(server_home: Path) -> None:
    home = server_home / "another"
    home.mkdir()
    server = PostgresServer(home, FORGETFUL)
    server.start()
    pid = server.daemon.pid
    assert subprocess.run(["ps", "-p", str(pid)], check=False, capture_output=True).returncode == 0
    server.stop()
    assert subprocess.run(["ps", "-p", str(pid)], check=False, capture_output=True).returncode == 1


def test_without_binaries_the_reason_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("devstack.postgres._BINARIES", tmp_path)
    with pytest.raises(PostgresUnavailableError, match="apt-get install postgresql"):
        PostgresServer(tmp_path)
