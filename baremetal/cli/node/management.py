"""Boot device, maintenance, inventory, and whether interfaces could do their work."""

import argparse
from collections.abc import Callable

from baremetal.cli.cells import cell, whole
from baremetal.cli.command import BaremetalCommand, EachCommand, One, Rows, Table


class ShowBootDevice(One):
    """Show what a node boots from, as its BMC says."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        return _with_node(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        device = self.client.nodes.boot_device(parsed_args.node)
        return whole(device, ("boot_device", "persistent"))


class ListBootDevices(Rows):
    """List what a node could boot from."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        return _with_node(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        devices = self.client.nodes.boot_devices(parsed_args.node)
        return ("boot_device",), [(device,) for device in devices]


class SetBootDevice(BaremetalCommand):
    """Make a node boot from something else."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = _with_node(super().get_parser(prog_name))
        parser.add_argument("device", metavar="DEVICE", help="e.g. pxe, disk, cdrom, bios, safe")
        parser.add_argument(
            "--persistent", action="store_true", help="every time, not only the next time"
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        node, device = parsed_args.node, parsed_args.device
        self.client.nodes.set_boot_device(node, device, persistent=parsed_args.persistent)
        self.say(f"{node}: boots from {device}")


class SetMaintenance(EachCommand):
    """Take nodes out of service."""

    done = "in maintenance"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("--reason", metavar="TEXT", help="why, for others to read")
        return parser

    def prepare(self, parsed_args: argparse.Namespace) -> Callable[[str], object]:
        return lambda node: self.client.nodes.set_maintenance(node, parsed_args.reason)


class UnsetMaintenance(EachCommand):
    """Bring nodes back into service."""

    done = "in service"

    def prepare(self, parsed_args: argparse.Namespace) -> Callable[[str], object]:
        return self.client.nodes.unset_maintenance


class ValidateNode(Rows):
    """Check whether a node's interfaces have all that they need."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        return _with_node(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        verdicts = self.client.nodes.validate(parsed_args.node)
        rows = [
            (name, cell("result", verdict.get("result")), cell("reason", verdict.get("reason")))
            for name, verdict in sorted(verdicts.items())
        ]
        return ("interface", "result", "reason"), rows


class ShowInventory(One):
    """Show what inspection found in a node."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        return _with_node(super().get_parser(prog_name))

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        return whole(self.client.nodes.inventory(parsed_args.node)["inventory"])


def _with_node(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("node", metavar="NODE", help="UUID or name")
    return parser
