"""Node records: list, show, set, unset, delete; creation has a file of its own."""

import argparse
from collections.abc import Callable

from baremetal.cli.crud import (
    DeleteCommand,
    ListCommand,
    SetCommand,
    ShowCommand,
    UnsetCommand,
)
from baremetal.cli.node.kind import NODE


class ListNodes(ListCommand):
    """List nodes."""

    kind = NODE


class ShowNode(ShowCommand):
    """Show a node."""

    kind = NODE


class SetNode(SetCommand):
    """Write fields of nodes."""

    kind = NODE

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--reset-interfaces",
            action="store_true",
            help="with --driver: all interfaces that are not named become the new driver's default",
        )
        return parser

    def prepare(self, parsed_args: argparse.Namespace) -> Callable[[str], object]:
        change = super().prepare(parsed_args)
        if not parsed_args.reset_interfaces:
            return change
        patch = self.patch(parsed_args)
        return lambda node: self.client.nodes.update(node, patch, reset_interfaces=True)


class UnsetNode(UnsetCommand):
    """Empty fields of nodes."""

    kind = NODE


class DeleteNode(DeleteCommand):
    """Delete records of nodes; the machines stay as they are."""

    kind = NODE
