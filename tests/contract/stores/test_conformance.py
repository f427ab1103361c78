"""The suite is worth something: it finds stores that break their promises, and runs by itself."""

import subprocess
import sys
from pathlib import Path

import pytest

from baremetal.domain.errors import NotFound
from baremetal.stores.backends.file_writer import FileWriter
from baremetal.stores.backends.filesystem import FileStore
from baremetal.stores.conformance import CASES, Bench, Broken, Case
from baremetal.stores.contract import Bytes, Stat, Token, Writer


class _Hasty(FileStore):
    """Its objects can be seen before they are whole."""

    def write(
        self,
        name: str,
        *,
        size: int | None = None,
        replace: bool = False,
        resume: Token | None = None,
    ) -> Writer:
        Path(self.path(name)).write_bytes(b"")
        return FileWriter(self.path(name), replace=True, resume=resume)


class _Forgetful(FileStore):
    """It loses the last byte."""

    def write(
        self,
        name: str,
        *,
        size: int | None = None,
        replace: bool = False,
        resume: Token | None = None,
    ) -> Writer:
        class Loses(FileWriter):
            def write(self, position: int, data: Bytes) -> None:
                super().write(position, memoryview(data)[:-1])

        return Loses(self.path(name), replace=replace, resume=resume)


class _Vague(FileStore):
    """It knows objects that there are not."""

    def stat(self, name: str) -> Stat:
        try:
            return super().stat(name)
        except NotFound:
            return Stat(0)


def _case(name: str) -> Case:
    return next(case for case in CASES if case.__name__ == name)


@pytest.mark.parametrize(
    ("store", "case"),
    [
        (_Hasty, "shows_nothing_before_the_commit"),
        (_Hasty, "leaves_nothing_of_an_aborted_write"),
        (_Hasty, "keeps_what_was_published_first"),
        (_Forgetful, "gives_back_what_was_put"),
        (_Forgetful, "takes_any_order"),
        (_Vague, "says_that_there_is_none"),
    ],
)
def test_it_finds_a_broken_promise(store: type[FileStore], case: str, tmp_path: Path) -> None:
    with pytest.raises(Broken):
        _case(case)(Bench(store({"root": str(tmp_path)})))


def _run(store: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "baremetal.stores.conformance", store, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )


def test_it_runs_from_the_command_line(tmp_path: Path) -> None:
    done = _run("baremetal.stores.backends.filesystem:FileStore", "--set", f"root={tmp_path}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok     holds huge sparse objects" in done.stdout
    assert "BROKEN" not in done.stdout


def test_it_counts_what_is_broken(tmp_path: Path) -> None:
    store = "tests.contract.stores.test_conformance:_Forgetful"
    done = _run(store, "--set", f"root={tmp_path}", "-k", "gives back")
    assert done.returncode == 1
    assert "BROKEN gives back what was put: " in done.stdout
