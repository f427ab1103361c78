"""Traits of nodes: what allocations may ask for."""

import argparse

from baremetal.cli.command import BaremetalCommand, Rows, Table
from baremetal.cli.complaints import UsageError


class ListTraits(Rows):
    """List a node's traits."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("node", metavar="NODE", help="UUID or name")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        return ("trait",), [(name,) for name in sorted(self.client.nodes.traits(parsed_args.node))]


class TraitsCommand(BaremetalCommand):
    """Changes a node's traits."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("node", metavar="NODE", help="UUID or name")
        parser.add_argument("traits", nargs="*", metavar="TRAIT", help="e.g. CUSTOM_FAST_DISK")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        if not parsed_args.traits and not getattr(parsed_args, "all", False):
            raise UsageError("which traits?", "name some")
        self.change(parsed_args)
        names = ", ".join(sorted(self.client.nodes.traits(parsed_args.node)))
        self.say(f"{parsed_args.node}: {names or 'no traits'}")

    def change(self, parsed_args: argparse.Namespace) -> None:
        """Change them as the arguments say."""
        raise NotImplementedError


class AddTraits(TraitsCommand):
    """Give a node more traits."""

    def change(self, parsed_args: argparse.Namespace) -> None:
        for name in parsed_args.traits:
            self.client.nodes.add_trait(parsed_args.node, name)


class SetTraits(TraitsCommand):
    """Give a node these traits and no others."""

    def change(self, parsed_args: argparse.Namespace) -> None:
        self.client.nodes.set_traits(parsed_args.node, parsed_args.traits)


class RemoveTraits(TraitsCommand):
    """Take traits from a node."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("--all", action="store_true", help="all that it has")
        return parser

    def change(self, parsed_args: argparse.Namespace) -> None:
        if parsed_args.all:
            self.client.nodes.set_traits(parsed_args.node, [])
        for name in parsed_args.traits if not parsed_args.all else ():
            self.client.nodes.remove_trait(parsed_args.node, name)
