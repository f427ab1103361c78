"""Every command that is declared can be loaded, explained and completed."""

from importlib.metadata import entry_points

import pytest

from baremetal.cli.app import ENTRY_POINTS, BaremetalApp
from baremetal.cli.command import BaremetalCommand
from tests.unit.cli.conftest import Run

NAMES = sorted(
    point.name.replace("_", " ")
    for point in entry_points(group=ENTRY_POINTS)
    if point.value.startswith("baremetal.cli.")
)


def test_the_commands_are_declared() -> None:
    assert {"node list", "node boot device set", "operation watch", "status"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_command_explains_itself(name: str) -> None:
    app = BaremetalApp()
    found, _, rest = app.command_manager.find_command(name.split())
    assert not rest
    assert issubclass(found, BaremetalCommand)
    summary = (found.__doc__ or "").split("\n")[0]
    assert summary.endswith(".")
    # A word of its own, not one inherited with the class that it shares with others.
    assert "__doc__" in vars(found)
    parser = found(app, None).get_parser(name)
    for action in parser._actions:
        assert action.help, f"{name} does not explain {action.dest}"
    assert parser.format_usage().count("\n") == 1


def test_the_overview_names_every_command(run: Run) -> None:
    shown = run("--help")
    assert shown.code == 0
    for name in NAMES:
        noun, *rest = name.split()
        assert noun in shown.out
        assert not rest or rest[-1] in shown.out
    assert "exit codes:" in shown.out
    assert max(map(len, shown.out.splitlines())) <= 100


@pytest.mark.parametrize("words", [(), ("--quiet",)])
def test_without_a_command_there_is_the_overview(run: Run, words: tuple[str, ...]) -> None:
    shown = run(*words)
    assert shown.code == 2
    assert "node " in shown.err


def test_the_beginning_of_a_command_lists_its_group(run: Run) -> None:
    assert "node boot device show" in run("help", "node").out
    assert "node boot device show" in run("node", "--help").out
    started = run("node")
    assert (started.code, started.out) == (2, "")
    assert "node boot device show" in started.err
    wrong = run("node", "boot", "disk")
    assert wrong.code == 2
    assert "there is no command 'node boot disk'" in wrong.err
    assert "`baremetal help node`" in wrong.err


def test_help_of_a_command_ignores_its_arguments(run: Run) -> None:
    for words in (("help", "node", "list"), ("node", "list", "--sort", "name", "--help")):
        assert "--provision-state" in run(*words).out


def test_a_misspelt_command_is_guessed(run: Run) -> None:
    wrong = run("nodes", "list")
    assert wrong.code == 2
    assert "`baremetal node list`" in wrong.err


def test_completion_knows_the_commands(run: Run) -> None:
    completion = run("complete").out
    assert "complete -F" in completion
    assert "--provision-state" in completion
    assert "boot_device" in completion
