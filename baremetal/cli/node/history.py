"""What happened to a node."""

import argparse

from baremetal.cli.cells import row, whole
from baremetal.cli.command import One, Rows, Table

_COLUMNS = ("created_at", "severity", "event", "uuid")


class ListHistory(Rows):
    """List what happened to a node."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("node", metavar="NODE", help="UUID or name")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        entries = self.client.nodes.history(parsed_args.node)
        return _COLUMNS, [row(entry, _COLUMNS) for entry in entries]


class ShowHistory(One):
    """Show one thing that happened to a node, in full."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("node", metavar="NODE", help="UUID or name")
        parser.add_argument("entry", metavar="ENTRY", help="UUID, as `node history list` shows it")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        return whole(self.client.nodes.history_entry(parsed_args.node, parsed_args.entry), _COLUMNS)
