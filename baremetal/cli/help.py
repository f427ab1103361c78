"""What `baremetal --help` and `baremetal help WORDS` print: a tree that fits on a screen."""

import argparse
import difflib
import textwrap
from typing import TYPE_CHECKING, TextIO

from cliff.command import Command
from cliff.commandmanager import CommandManager

if TYPE_CHECKING:
    from baremetal.cli.app import BaremetalApp

_WIDTH = 88
_INDENT = 14

# Said here, because loading a command for its summary could import a whole server.
_SUMMARIES = {
    "up": "start the all-in-one service on this machine",
    "simulate": "start a rack of simulated machines",
    "status": "all at a glance: nodes by state, what runs, what failed",
    "help": "these texts: help, help node, help node list",
    "complete": "print what makes your shell complete these commands",
}


class Overview:
    """The commands by their first word."""

    def __init__(self, commands: CommandManager, parser: argparse.ArgumentParser) -> None:
        self._commands = commands
        self._names = sorted(name for name, _ in commands)
        self._parser = parser

    def print_all(self, out: TextIO) -> None:
        """Everything there is, in short."""
        head, _, codes = self._parser.format_help().partition("\nexit codes:")
        out.write(f"{head.rstrip()}\n\ncommands:\n")
        singles = {name for name in self._names if " " not in name}
        # What one needs first, first; whatever a third party adds comes last.
        for name in [*_SUMMARIES, *sorted(singles - _SUMMARIES.keys())]:
            if name in singles:
                out.write(f"  {name:<{_INDENT - 2}}{_SUMMARIES.get(name, '')}\n")
        out.write("\n")
        for noun in dict.fromkeys(name.split()[0] for name in self._names if " " in name):
            verbs = ", ".join(_verbs(self._group(noun)))
            indent = " " * _INDENT
            wrapped = textwrap.fill(verbs, _WIDTH, initial_indent=indent, subsequent_indent=indent)
            out.write(f"  {noun:<{_INDENT - 2}}{wrapped.lstrip()}\n")
        out.write(f"\nmore: baremetal help node, baremetal node list --help\n\nexit codes:{codes}")

    def print_group_or_guess(self, words: list[str], out: TextIO) -> None:
        """The commands that begin with these words, or the most similar ones."""
        words = words[: next((i for i, word in enumerate(words) if word.startswith("-")), None)]
        typed = " ".join(words)
        group = self._group(typed)
        for name in group:
            loaded = self._commands.find_command(name.split())[0]
            summary = (loaded.__doc__ or "").partition("\n")[0].rstrip(".")
            out.write(f"  {name:<28}{summary}\n")
        if not group:
            out.write(f"baremetal: there is no command {typed!r}\n")
            advice = difflib.get_close_matches(typed, self._names, n=3, cutoff=0.5)
            advice += [f"help {words[0]}"] if self._group(words[0]) else ["--help"]
            out.write(f"  next: {' or '.join(f'`baremetal {words}`' for words in advice)}\n")

    def _group(self, prefix: str) -> list[str]:
        return [name for name in self._names if name.startswith(prefix + " ")]


def _verbs(names: list[str]) -> list[str]:
    """Second and further words; of three, the last ones share a pair of brackets."""
    verbs: dict[str, list[str]] = {}
    for name in names:
        _, verb, *rest = name.split(maxsplit=2)
        verbs.setdefault(verb, []).extend(rest)
    return [f"{verb} {_brackets(rest)}" if rest else verb for verb, rest in verbs.items()]


def _brackets(rest: list[str]) -> str:
    words = [text.split() for text in rest]
    if len(words) > 1 and all(len(w) > 1 and w[0] == words[0][0] for w in words):
        return f"{words[0][0]} {_brackets([' '.join(w[1:]) for w in words])}"
    return rest[0] if len(rest) == 1 else "|".join(rest)


class Help(Command):
    """Tell about a command, or about all."""

    app: "BaremetalApp"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "words", nargs=argparse.REMAINDER, metavar="WORD", help="the command, or its beginning"
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        manager, words = self.app.command_manager, parsed_args.words
        overview = Overview(manager, self.app.parser)
        if not words or words[0].startswith("-"):
            overview.print_all(self.app.stdout)
            return 0
        try:
            factory, name, _ = manager.find_command(words)
        except ValueError:
            overview.print_group_or_guess(words, self.app.stdout)
            return 0
        command = factory(self.app, self.app_args)
        command.get_parser(f"{self.app.NAME} {name}").print_help(self.app.stdout)
        return 0
