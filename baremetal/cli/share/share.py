"""Shares: list, show, create, resize, revert, delete; how to mount them."""

import argparse
import shlex
from collections.abc import Callable
from typing import Any

from baremetal.cli.cells import row, whole
from baremetal.cli.command import BaremetalCommand, EachCommand, One, Rows, Table, positive
from baremetal.cli.complaints import CommandError
from baremetal.client.transport import Resource

_COLUMNS = ("id", "name", "size", "share_proto", "status", "share_type_name")
_LONG = ("access_rules_status", "availability_zone", "host", "created_at")
_SECONDS = 300
#: Protocol -> the words before a location; what else it takes is for an administrator to say.
_MOUNTS = {"NFS": ("mount", "-t", "nfs"), "CIFS": ("mount", "-t", "cifs")}


class ListShares(Rows):
    """List shares."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("--long", action="store_true", help="more columns")
        parser.add_argument("--limit", type=positive, metavar="N", help="no more than N")
        for name in ("name", "status", "host"):
            parser.add_argument(f"--{name}", metavar=name.upper(), help=f"of this {name}")
        parser.add_argument("--all-projects", action="store_true", help="everybody's")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        query = {name: getattr(parsed_args, name) for name in ("name", "status", "host", "limit")}
        query["all_tenants"] = 1 if parsed_args.all_projects else None
        columns = _COLUMNS + (_LONG if parsed_args.long else ())
        return columns, [row(share, columns) for share in self.client.shares.list(**query)]


class _OfShare(BaremetalCommand):
    """Looks at, or changes, one share."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("share", metavar="SHARE", help="ID or name")
        return parser


class ShowShare(_OfShare, One):
    """Show a share, and where clients find it."""

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        share = self.client.shares.get(parsed_args.share)
        paths = [one["path"] for one in self.client.shares.locations(share["id"])]
        return whole({**share, "export_locations": paths}, _COLUMNS)


def add_wait(parser: argparse.ArgumentParser) -> None:
    """Add --wait and --timeout."""
    parser.add_argument("--wait", action="store_true", help="until it is done")
    parser.add_argument(
        "--timeout", type=positive, default=_SECONDS, metavar="SECONDS", help="to wait (300)"
    )


def settled(found: Resource) -> Resource:
    """What is available, after waiting for it.

    :raises CommandError: it is not
    """
    if found["status"] != "available":
        raise CommandError(
            f"{found['id']} is {found['status']}",
            "`openstack share message list` says why",
        )
    return found


class CreateShare(One):
    """Create a share."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("size", type=positive, metavar="GIB", help="how much it holds")
        parser.add_argument("--name", metavar="NAME", help="how to call it")
        parser.add_argument("--protocol", default="NFS", metavar="PROTOCOL", help="NFS or CIFS")
        parser.add_argument("--type", metavar="TYPE", help="a share type")
        parser.add_argument("--snapshot", metavar="SNAPSHOT", help="to begin with what it holds")
        parser.add_argument("--availability-zone", metavar="ZONE", help="where it must be")
        add_wait(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        origin = parsed_args.snapshot and self.client.shares.snapshots.get(parsed_args.snapshot)
        given = {
            "size": parsed_args.size,
            "share_proto": parsed_args.protocol,
            "name": parsed_args.name,
            "share_type": parsed_args.type,
            "snapshot_id": origin["id"] if origin else None,
            "availability_zone": parsed_args.availability_zone,
        }
        wanted = {name: value for name, value in given.items() if value is not None}
        made = self.client.shares.create(wanted)
        if parsed_args.wait:
            made = settled(self.client.shares.wait(made["id"], parsed_args.timeout))
        return whole(made, _COLUMNS)


class DeleteShares(EachCommand):
    """Delete shares, with all that is in them."""

    done = "is being deleted"

    def noun(self) -> str:
        return "share"

    def prepare(self, parsed_args: argparse.Namespace) -> Callable[[str], object]:
        return self.client.shares.delete


class _Act(_OfShare):
    """Does something to a share that takes a while."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_wait(parser)
        return parser

    def act(self, parsed_args: argparse.Namespace, word: str, **arguments: Any) -> None:
        """Do it, and say how the share is."""
        uuid = self.client.shares.get(parsed_args.share)["id"]
        self.client.shares.act(uuid, word, **arguments)
        share = self.client.shares.get(uuid)
        if parsed_args.wait:
            share = settled(self.client.shares.wait(uuid, parsed_args.timeout))
        self.say(f"{parsed_args.share}: {share['status']}, {share['size']} GiB")


class _Resize(_Act):
    """Gives a share another size."""

    word = ""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("size", type=positive, metavar="GIB", help="its new size")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        self.act(parsed_args, self.word, new_size=parsed_args.size)


class ExtendShare(_Resize):
    """Let a share hold more."""

    word = "extend"


class ShrinkShare(_Resize):
    """Let a share hold less; refused where that would cut what it holds."""

    word = "shrink"


class RevertShare(_Act):
    """Let a share hold again what it held when its latest snapshot was taken."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("snapshot", metavar="SNAPSHOT", help="ID or name")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        snapshot = self.client.shares.snapshots.get(parsed_args.snapshot)
        self.act(parsed_args, "revert", snapshot_id=snapshot["id"])


class MountCommand(_OfShare):
    """Print the command that mounts a share on a client that a rule lets in."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("directory", nargs="?", default="/mnt", help="where to (/mnt)")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        share = self.client.shares.get(parsed_args.share)
        paths = [
            one["path"]
            for one in self.client.shares.locations(share["id"])
            if not one.get("is_admin_only")
        ]
        if not paths or share["share_proto"] not in _MOUNTS:
            raise CommandError(
                f"{share['id']} is {share['status']} and cannot be mounted by "
                f"{share['share_proto']}",
                "`baremetal share show` says how it is",
            )
        path = paths[0].replace("\\", "/") if share["share_proto"] == "CIFS" else paths[0]
        words = [*_MOUNTS[share["share_proto"]], path, parsed_args.directory]
        self.app.stdout.write(shlex.join(words) + "\n")
