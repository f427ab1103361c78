"""Who may come into a share."""

import argparse

from baremetal.cli.cells import row
from baremetal.cli.command import BaremetalCommand, Rows, Table
from baremetal.cli.complaints import CommandError
from baremetal.cli.share.share import add_wait
from baremetal.client.transport import Resource

_COLUMNS = ("id", "access_type", "access_to", "access_level", "state")


class ListRules(Rows):
    """List who may come into a share."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("share", metavar="SHARE", help="ID or name")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        return _COLUMNS, [row(r, _COLUMNS) for r in self.client.shares.rules(parsed_args.share)]


class _Change(BaremetalCommand):
    """Lets somebody in, or no longer."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("share", metavar="SHARE", help="ID or name")
        parser.add_argument("to", metavar="TO", help="an address, a network, or a user")
        parser.add_argument("--user", action="store_true", help="it is a user")
        add_wait(parser)
        return parser

    def awaited(self, parsed_args: argparse.Namespace, share: str) -> None:
        """Wait if that is wished, and say how it is."""
        status = "asked for"
        if parsed_args.wait:
            found = self.client.shares.wait_for_rules(share, parsed_args.timeout)
            status = found["access_rules_status"]
        if status in ("error", "syncing"):
            raise CommandError(
                f"the rules of {share} are in state {status}",
                "`baremetal share access list` says which",
            )
        self.say(f"{parsed_args.share}: {parsed_args.to} {status}")


class Allow(_Change):
    """Let an address, a network or a user come into a share."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("--read-only", action="store_true", help="to read and not to write")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        share = self.client.shares.get(parsed_args.share)["id"]
        self.client.shares.act(
            share,
            "allow_access",
            access_type="user" if parsed_args.user else "ip",
            access_to=parsed_args.to,
            access_level="ro" if parsed_args.read_only else "rw",
            wait="applied" if parsed_args.wait else None,
        )
        self.awaited(parsed_args, share)


class Deny(_Change):
    """Let it come in no longer."""

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        share = self.client.shares.get(parsed_args.share)["id"]
        rule = self._rule(parsed_args, share)["id"]
        wait = "applied" if parsed_args.wait else None
        self.client.shares.act(share, "deny_access", wait, access_id=rule)
        self.awaited(parsed_args, share)

    def _rule(self, parsed_args: argparse.Namespace, share: str) -> Resource:
        for rule in self.client.shares.rules(share):
            if parsed_args.to in (rule["access_to"], rule["id"]):
                return rule
        raise CommandError(
            f"no rule lets {parsed_args.to} come in", "`baremetal share access list` lists all"
        )
