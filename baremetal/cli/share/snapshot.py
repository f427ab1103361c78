"""Snapshots of shares."""

import argparse
from collections.abc import Callable

from baremetal.cli.cells import row, whole
from baremetal.cli.command import EachCommand, One, Rows, Table
from baremetal.cli.share.share import add_wait, settled

_COLUMNS = ("id", "name", "share_id", "size", "status")


class ListSnapshots(Rows):
    """List snapshots."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("--share", metavar="SHARE", help="of this share")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        shares = self.client.shares
        share = shares.get(parsed_args.share)["id"] if parsed_args.share else None
        return _COLUMNS, [row(one, _COLUMNS) for one in shares.snapshots.list(share_id=share)]


class ShowSnapshot(One):
    """Show a snapshot."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("snapshot", metavar="SNAPSHOT", help="ID or name")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        return whole(self.client.shares.snapshots.get(parsed_args.snapshot), _COLUMNS)


class CreateSnapshot(One):
    """Keep what a share holds now."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("share", metavar="SHARE", help="ID or name")
        parser.add_argument("--name", metavar="NAME", help="how to call it")
        add_wait(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        shares = self.client.shares
        body = {"share_id": shares.get(parsed_args.share)["id"], "name": parsed_args.name}
        made = shares.snapshots.create(body)
        if parsed_args.wait:
            made = settled(shares.snapshots.wait(made["id"], parsed_args.timeout))
        return whole(made, _COLUMNS)


class DeleteSnapshots(EachCommand):
    """Delete snapshots."""

    done = "is being deleted"

    def noun(self) -> str:
        return "snapshot"

    def prepare(self, parsed_args: argparse.Namespace) -> Callable[[str], object]:
        return self.client.shares.snapshots.delete
