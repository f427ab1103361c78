"""What every test may ask for. Services start at the first wish and end with the session."""

import os
from collections.abc import Iterator

import pytest

from tests.support.postgres import PostgresServer, PostgresUnavailableError

_WITHOUT_POSTGRES = "BAREMETAL_TESTS_WITHOUT_POSTGRES"
_LONGEST_ID = 32


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server that gives fresh databases; the test fails where there can be none."""
    try:
        server = PostgresServer()
    except PostgresUnavailableError as reason:
        if os.environ.get(_WITHOUT_POSTGRES):
            pytest.skip(f"{_WITHOUT_POSTGRES} is set: {reason}")
        pytest.fail(f"{reason}\n(or set {_WITHOUT_POSTGRES}=1 to go without)", pytrace=False)
    yield server
    server.stop()


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


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a test after its parameter, not after a long or random value of it.

    Workers that run tests in parallel must collect the same names.
    """
    return argname if isinstance(val, str) and len(val) > _LONGEST_ID else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs PostgreSQL, so that `make quick` can leave it out."""
    for item in items:
        if _needs_postgres(item):
            item.add_marker("postgres")


def _needs_postgres(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    parameters = callspec.params.values() if callspec else ()
    named = {*getattr(item, "fixturenames", ()), *(p for p in parameters if isinstance(p, str))}
    return not named.isdisjoint(
        {"postgres", "postgresql", "postgres_url", "fresh_postgres_url"},
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say aloud that PostgreSQL went untested."""
    skipped = terminalreporter.stats.get("skipped", [])
    if any(_WITHOUT_POSTGRES in str(report.longrepr) for report in skipped):
        terminalreporter.write_line(f"NOT TESTED: PostgreSQL ({_WITHOUT_POSTGRES})", red=True)
