"""Planes for the functional tests, and their logs in the report of a test that fails."""

from collections.abc import Generator, Iterator

import pytest

from tests.support.plane import PlaneProcess


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlaneProcess]:
    """A plane without authentication that all tests share: leave it as you found it."""
    with PlaneProcess(tmp_path_factory.mktemp("plane")) as running:
        yield running


@pytest.fixture(scope="session")
def guarded_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlaneProcess]:
    """A plane with HTTP basic authentication, and two stores, that all tests share."""
    options = "[images]\nstores = local, second\ndownload_local = true\nticket_seconds = 300\n"
    state = tmp_path_factory.mktemp("guarded")
    with PlaneProcess(state, auth="basic", options=options) as running:
        yield running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the logs of all planes beside the failure."""
    report = yield
    if report.failed:
        for running in PlaneProcess.alive:
            report.sections.append((f"log of {running.state_dir}", running.log()))
    return report
