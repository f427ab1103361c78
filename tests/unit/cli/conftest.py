"""The command line, run inside the tests' process against a stand-in of the API."""

import io
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from baremetal.cli.app import BaremetalApp
from tests.unit.client.stand_in import StandIn


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def api() -> Iterator[StandIn]:
    stand_in = StandIn()
    yield stand_in
    stand_in.stop()


@pytest.fixture
def run(api: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    for name in [name for name in os.environ if name.startswith("OS_")]:
        monkeypatch.delenv(name)
    root = logging.getLogger()
    before = root.handlers[:], root.level

    def run_command(*words: str, stdin: str = "", endpoint: str = api.root) -> Result:
        out, err = io.StringIO(), io.StringIO()
        app = BaremetalApp(stdin=io.StringIO(stdin), stdout=out, stderr=err)
        try:
            code = app.run(["--os-endpoint", endpoint, *words])
        except SystemExit as left:
            code = int(left.code or 0)
        return Result(code, out.getvalue(), err.getvalue())

    yield run_command
    root.handlers[:], level = before
    root.setLevel(level)
