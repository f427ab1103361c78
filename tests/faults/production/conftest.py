"""One production shape for all tests of this folder."""

import random
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from devstack.postgres import FORGETFUL
from devstack.stack import Stack
from tests.faults.production.rack import Rack
from tests.faults.production.storm import SEED, Caller

_OPTIONS = """
[conductor]
agent_report_interval = 0.5
power_sync_interval = 10
grace = 20
"""


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """PostgreSQL, RabbitMQ, two API processes, two conductors and a share service."""
    home = tmp_path_factory.mktemp("stack")
    with Stack(home, shares=True, options=_OPTIONS, database_settings=FORGETFUL) as running:
        yield running


@pytest.fixture
def plane(stack: Stack, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The same, whole, with no node in it; its logs are shown where a test fails."""
    for number, conductor in enumerate(stack.conductors):
        if not conductor.running:
            stack.start_conductor(number)
    caller = Caller(stack)
    stack.api.wait_for(lambda: stack.alive() == len(stack.conductors), 60)
    yield stack
    report = getattr(request.node, "report_of_call", None)
    if report is not None and report.failed:
        for daemon in (*stack.services, stack.rabbit.daemon, stack.postgres.daemon):
            sys.stderr.write(f"--- {daemon.name}\n{daemon.log(4000)}\n")
    for node in caller.insist("GET", "nodes?limit=1000&fields=uuid")["nodes"]:
        # One in any state can be deleted in maintenance.
        caller.ask("PUT", f"nodes/{node['uuid']}/maintenance", {})
        caller.ask("DELETE", f"nodes/{node['uuid']}")


@pytest.fixture
def caller(plane: Stack) -> Caller:
    """Somebody who asks the plane."""
    return Caller(plane)


@pytest.fixture
def rack(plane: Stack, tmp_path: Path) -> Iterator[Rack]:
    """Fifty simulated machines, whose agents call the plane."""
    with Rack(tmp_path, plane.url, machines=50) as running:
        yield running


@pytest.fixture
def chance() -> random.Random:
    """Chance that can be replayed."""
    return random.Random(SEED)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let fixtures see how a test went."""
    report = yield
    if report.when == "call":
        item.report_of_call = report  # type: ignore[attr-defined]
    return report
