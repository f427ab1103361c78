"""What every command has: the client, and errors that say what to do."""

import argparse
import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from cliff.command import Command
from cliff.lister import Lister
from cliff.show import ShowOne

from baremetal.cli.complaints import CommandError, UsageError, complaint_about, is_hopeless
from baremetal.client import Client, errors

if TYPE_CHECKING:
    from baremetal.cli.app import BaremetalApp

LOG = logging.getLogger(__name__)

T = TypeVar("T")

#: What a table is: the names of its columns, and its rows.
Table = tuple[Sequence[str], Iterable[Sequence[Any]]]


class BaremetalCommand(Command):
    """A command that speaks to the service; what it raises becomes a complaint."""

    app: "BaremetalApp"
    exit_code = 0  # of a command that has shown its result, good or bad

    @property
    def client(self) -> Client:
        """The connection to the service."""
        return self.app.client

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.formatter_class = ShortUsage
        return parser

    def get_epilog(self) -> str:
        """Nothing more: cliff would search every installed distribution for its name."""
        return ""

    def run(self, parsed_args: argparse.Namespace) -> int:
        try:
            return super().run(parsed_args) or self.exit_code
        except (CommandError, errors.ClientError) as problem:
            if self.app.options.debug:
                LOG.exception("raised here")
            return self.app.complain(complaint_about(problem))

    def say(self, line: str) -> None:
        """Tell a person how it goes, unless they want it quiet."""
        if not self.app.quiet:
            self.app.stdout.write(line + "\n")


class Rows(BaremetalCommand, Lister):
    """A command whose result is a table."""

    def produce_output(
        self, parsed_args: argparse.Namespace, column_names: Sequence[str], data: Any
    ) -> int:
        check_columns(parsed_args, column_names)
        return super().produce_output(parsed_args, column_names, data)


class One(BaremetalCommand, ShowOne):
    """A command whose result is one thing with its fields."""

    def produce_output(
        self, parsed_args: argparse.Namespace, column_names: Sequence[str], data: Any
    ) -> int:
        check_columns(parsed_args, column_names)
        return super().produce_output(parsed_args, column_names, data)


def check_columns(parsed_args: argparse.Namespace, column_names: Sequence[str]) -> None:
    """See that what -c asks for is there.

    :raises UsageError: it is not
    """
    unknown = set(parsed_args.columns) - set(column_names)
    if unknown:
        raise UsageError(
            f"there is no column {', '.join(sorted(unknown))}",
            f"-c takes {', '.join(column_names)}",
        )


class ShortUsage(argparse.HelpFormatter):
    """Usage that fits on a line: options are explained below, and most of them are cliff's."""

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[Any],
        prefix: str | None = None,
    ) -> None:
        options = argparse.Action((), dest="options", metavar="[options]")
        needed = [a for a in actions if a.required or not a.option_strings]
        super().add_usage(usage, [options, *needed], [], prefix)


@dataclass(frozen=True, slots=True)
class Attempt(Generic[T]):
    """What came of doing something with one of several things."""

    subject: str
    value: T | None = None
    error: errors.ClientError | None = None


def for_each(
    subjects: Sequence[str], action: Callable[[str], T], parallel: int
) -> list[Attempt[T]]:
    """What came of `action` for each subject, in their order, `parallel` at a time.

    :raises errors.ClientError: it would fail for all in the same way, or there is only one
    """

    def attempt(subject: str) -> Attempt[T]:
        try:
            return Attempt(subject, action(subject))
        except errors.ClientError as problem:
            return Attempt(subject, error=problem)

    if len(subjects) == 1:
        return [Attempt(subjects[0], action(subjects[0]))]
    with ThreadPoolExecutor(max_workers=parallel) as pool:
        attempts = []
        for outcome in pool.map(attempt, subjects):
            if outcome.error and is_hopeless(outcome.error):
                pool.shutdown(wait=False, cancel_futures=True)
                raise outcome.error
            attempts.append(outcome)
        return attempts


def add_parallel(parser: argparse.ArgumentParser) -> None:
    """Add --parallel."""
    parser.add_argument(
        "--parallel",
        type=positive,
        default=8,
        metavar="N",
        help="how many requests may be under way at once (8)",
    )


def positive(text: str) -> int:
    """A whole number from 1 on, for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


class EachCommand(BaremetalCommand):
    """A command that does the same to each of the things named, and says so line by line."""

    done = "done"

    def noun(self) -> str:
        """What the things are."""
        return "node"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "subjects", nargs="+", metavar=self.noun().upper(), help="UUID or name; several at will"
        )
        add_parallel(parser)
        return parser

    def prepare(self, parsed_args: argparse.Namespace) -> Callable[[str], object]:
        """What to do with each; whatever can be wrong with the arguments is found here."""
        raise NotImplementedError

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        action = self.prepare(parsed_args)
        failed = 0
        for attempt in for_each(parsed_args.subjects, action, parsed_args.parallel):
            if attempt.error is None:
                self.say(f"{attempt.subject}: {self.done}")
            else:
                self.app.stderr.write(f"{attempt.subject}: {attempt.error}\n")
                failed = 1
        return failed
