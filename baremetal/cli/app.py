"""The `baremetal` program: global options, connection, and how errors are told."""

import argparse
import logging
import sys
from functools import cached_property
from importlib import metadata
from typing import TextIO

from cliff.app import App
from cliff.commandmanager import CommandManager

from baremetal.cli.complaints import EXIT_CODES, WRONG_USAGE, Complaint
from baremetal.cli.help import Help, Overview
from baremetal.client import Client, connect

ENTRY_POINTS = "baremetal.cli"

_LOG_LEVELS = {0: logging.WARNING, 1: logging.INFO}


class BaremetalApp(App):
    """The command line; what its words do is found by the entry points `baremetal.cli`."""

    NAME = "baremetal"

    def __init__(
        self,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        super().__init__(
            description="Machines from enrolment to active, and everything about them.",
            version=None,
            command_manager=CommandManager(ENTRY_POINTS),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            deferred_help=True,
        )
        self.command_manager.add_command("help", Help)

    @cached_property
    def client(self) -> Client:
        """The connection to the service; nothing is sent before it is used.

        :raises baremetal.client.errors.NotConfigured: nothing says where the service is
        """
        return connect(cloud=self.options.os_cloud, endpoint=self.options.os_endpoint)

    @property
    def quiet(self) -> bool:
        """Whether people want results only, without progress."""
        return bool(self.options.quiet)

    def complain(self, complaint: Complaint) -> int:
        """Tell what is wrong on stderr; gives the exit code."""
        self.stderr.write(f"{self.NAME}: {complaint}\n")
        return complaint.exit_code

    def build_option_parser(
        self,
        description: str | None,
        version: str | None,
        argparse_kwargs: dict[str, object] | None = None,
    ) -> argparse.ArgumentParser:
        parser = argparse.ArgumentParser(
            prog=self.NAME,
            usage="%(prog)s [options] COMMAND [arguments]",
            description=description,
            epilog=EXIT_CODES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            add_help=False,
            allow_abbrev=False,  # a command's own options must not be taken for these
        )
        add = parser.add_argument
        add("-h", "--help", action="store_true", dest="deferred_help", help="this text")
        add("--version", action=_Version, nargs=0, help="the program's version")
        add("--os-cloud", metavar="NAME", help="the entry of clouds.yaml to use ($OS_CLOUD)")
        add("--os-endpoint", metavar="URL", help="root of the API, instead of the configured one")
        add("-q", "--quiet", action="store_true", help="no progress, only results and errors")
        add(
            "-v",
            "--verbose",
            action="count",
            dest="verbose_level",
            default=0,
            help="say more on stderr; twice: every request",
        )
        add("--debug", action="store_true", help="show where in the program an error arose")
        return parser

    def configure_logging(self) -> None:
        handler = logging.StreamHandler(self.stderr)
        handler.setFormatter(logging.Formatter("%(message)s"))
        level = _LOG_LEVELS.get(self.options.verbose_level, logging.DEBUG)
        root = logging.getLogger()
        root.addHandler(handler)
        root.setLevel(level)
        # Our own transport says whatever is of interest, and without secrets.
        for library in ("urllib3", "stevedore"):
            logging.getLogger(library).setLevel(max(level, logging.WARNING))

    def print_help_if_requested(self) -> None:
        if self.options.deferred_help:
            Overview(self.command_manager, self.parser).print_all(self.stdout)
            raise SystemExit(0)

    def run(self, argv: list[str]) -> int:
        return super().run(argv or ["--help"])

    def interact(self) -> None:
        """There is no shell in here: without a command, say which there are."""
        Overview(self.command_manager, self.parser).print_all(self.stderr)
        raise SystemExit(WRONG_USAGE)

    def run_subcommand(self, argv: list[str]) -> int:
        overview = Overview(self.command_manager, self.parser)
        try:
            self.command_manager.find_command(argv)
        except ValueError:
            overview.print_group_or_guess(argv, self.stderr)
            return WRONG_USAGE
        return super().run_subcommand(argv)


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, *_: object) -> None:
        sys.stdout.write(f"baremetal {metadata.version('baremetal')}\n")
        raise SystemExit(0)
