import subprocess

import pytest
import sqlalchemy as sa

from tests.support.postgres import PostgresServer, PostgresUnavailableError


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
def test_a_stopped_server_leaves_no_process_behind() -> None:
    server = PostgresServer()
    pid = server._process.pid if server._process else 0
    assert subprocess.run(["ps", "-p", str(pid)], check=False, capture_output=True).returncode == 0
    server.stop()
    assert subprocess.run(["ps", "-p", str(pid)], check=False, capture_output=True).returncode == 1
    assert not server._home.exists()


def test_without_binaries_the_reason_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setattr("tests.support.postgres._BINARIES", tmp_path)
    with pytest.raises(PostgresUnavailableError, match="apt-get install postgresql"):
        PostgresServer()
