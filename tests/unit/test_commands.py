"""Programs are run to their end, within a time, and say what was wrong."""

import os
from pathlib import Path

import pytest

from baremetal.commands import CommandFailed, ask, run
from baremetal.domain.errors import InvalidInput, Unavailable


def test_what_it_says_is_what_comes_back() -> None:
    assert run(["echo", "a b; $HOME"]) == "a b; $HOME\n"


def test_what_is_given_is_its_input_and_in_no_list_of_processes() -> None:
    assert run(["cat"], given="secret") == "secret"


def test_a_descriptor_is_inherited(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("inherited")
    fd = os.open(path, os.O_RDONLY)
    try:
        assert ask(["cat", f"/proc/self/fd/{fd}"], files=(fd,)).out == "inherited"
    finally:
        os.close(fd)


def test_it_speaks_english() -> None:
    assert "LC_ALL=C\n" in run(["env"])


def test_a_failure_names_the_command_and_repeats_its_last_words() -> None:
    with pytest.raises(
        CommandFailed, match=r"`ls /nothing/there` failed: .*No such file"
    ) as caught:
        run(["ls", "/nothing/there"])
    assert caught.value.said.status == 2


def test_without_words_its_status_is_told() -> None:
    assert ask(["false"]).status == 1
    with pytest.raises(CommandFailed, match="it ended with status 1"):
        run(["false"])


def test_what_is_not_installed_is_said_with_where_it_comes_from() -> None:
    with pytest.raises(InvalidInput, match="no-such-program is not installed; Debian has it in x"):
        run(["no-such-program"], package="x")


def test_what_does_not_end_is_killed_with_its_children(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    with pytest.raises(Unavailable, match=r"did not come to an end in 1 s"):
        run(["sh", "-c", f"sleep 300 & echo $! >{told}; wait"], seconds=1)
    child = Path("/proc", told.read_text().strip(), "stat")
    assert not child.exists() or child.read_text().rpartition(")")[2].split()[0] in "ZX"
