"""What every test may ask for. Services start at the first wish and end with the session."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler.loadfile import LoadFileScheduling

from devstack.mariadb import MariaServer, MariaUnavailableError
from devstack.postgres import FORGETFUL, PostgresServer, PostgresUnavailableError
from devstack.rabbitmq import RabbitServer, RabbitUnavailableError
from tests.support import servers
from tests.support.keystone import KeystoneServer
from tests.support.servers import *  # noqa: F403 - fixtures
from tests.support.servers import running

# A machine may be busy with other things: how long an example takes proves nothing.
settings.register_profile("baremetal", deadline=None)
settings.load_profile("baremetal")

_WITHOUT_POSTGRES = "BAREMETAL_TESTS_WITHOUT_POSTGRES"
_LONGEST_ID = 32
#: Folders whose tests share a server that is dear to start, or that there is once in a machine.
_TOGETHER = {
    "tests/contract/shares",
    "tests/contract/stores",
    "tests/faults/production",
    "tests/integration/rack",
}
#: What takes longest; processes that share the tests begin with it, lest one ends long after all.
_LONGEST = (
    "tests/faults/production",
    "tests/integration/rack",
    "tests/faults/test_real_kills.py",
    "tests/contract/shares",
    "tests/contract/stores",
)
#: What a test names that needs a server, beside PostgreSQL.
_SERVICES = {"rabbit", "mariadb", "stack", *servers.__all__}


@pytest.fixture(scope="session")
def server_home() -> Iterator[Path]:
    """Where servers have their files: users other than root must be able to go there."""
    home = Path(tempfile.mkdtemp(prefix="baremetal-servers-"))
    home.chmod(0o755)
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(server_home: Path) -> Iterator[PostgresServer]:
    """A PostgreSQL server that gives fresh databases; the test fails where there can be none."""
    home = server_home / "postgres"
    home.mkdir()
    try:
        server = PostgresServer(home, FORGETFUL)
        server.start()
    except PostgresUnavailableError as reason:
        if os.environ.get(_WITHOUT_POSTGRES):
            pytest.skip(f"{_WITHOUT_POSTGRES} is set: {reason}")
        pytest.fail(f"{reason}\n(or set {_WITHOUT_POSTGRES}=1 to go without)", pytrace=False)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def mariadb(server_home: Path) -> Iterator[MariaServer]:
    """A MariaDB server that gives fresh databases."""
    with running(MariaServer, server_home / "mariadb", MariaUnavailableError) as server:
        yield server


@pytest.fixture(scope="session")
def rabbit(server_home: Path) -> Iterator[RabbitServer]:
    """A RabbitMQ broker that all tests of the session share."""
    with running(RabbitServer, server_home / "rabbitmq", RabbitUnavailableError) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_url(postgres: PostgresServer) -> str:
    """The URL of one database that all tests of the session share."""
    return postgres.create_database()


@pytest.fixture
def fresh_postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """The URL of an empty database for one test alone."""
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture(scope="session")
def keystone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeystoneServer]:
    """A Keystone with users of each role in two projects (tests/support/keystone.py)."""
    with KeystoneServer(tmp_path_factory.mktemp("keystone")) as running:
        yield running


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a test after its parameter, not after a long or random value of it.

    Workers that run tests in parallel must collect the same names.
    """
    return argname if isinstance(val, str) and len(val) > _LONGEST_ID else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs PostgreSQL or another server, so that `make quick` can leave it out."""
    if hasattr(config, "workerinput"):
        items.sort(key=_rank)
    for item in items:
        named = _named(item)
        if not named.isdisjoint({"postgres", "postgresql", "postgres_url", "fresh_postgres_url"}):
            item.add_marker("postgres")
        if not named.isdisjoint(_SERVICES):
            item.add_marker("services")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> "_Houses | None":
    """Where processes test file by file, let some folders stay together as a file does."""
    return _Houses(config, log) if config.getoption("dist") == "loadfile" else None


class _Houses(LoadFileScheduling):  # type: ignore[misc]
    """Gives a folder whose tests share a great server to one process."""

    def _split_scope(self, nodeid: str) -> str:
        folder = nodeid.partition("::")[0].rpartition("/")[0]
        return folder if folder in _TOGETHER else str(super()._split_scope(nodeid))


def _rank(item: pytest.Item) -> int:
    ranks = (rank for rank, name in enumerate(_LONGEST) if item.nodeid.startswith(name))
    return next(ranks, len(_LONGEST))


def _named(item: pytest.Item) -> set[str]:
    """The fixtures of a test, and parameters which stand for some."""
    callspec = getattr(item, "callspec", None)
    parameters = callspec.params.values() if callspec else ()
    return {*getattr(item, "fixturenames", ()), *(p for p in parameters if isinstance(p, str))}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say aloud that PostgreSQL went untested."""
    skipped = terminalreporter.stats.get("skipped", [])
    if any(_WITHOUT_POSTGRES in str(report.longrepr) for report in skipped):
        terminalreporter.write_line(f"NOT TESTED: PostgreSQL ({_WITHOUT_POSTGRES})", red=True)
