"""`baremetal driver ...`: kinds of hardware that the service can drive."""

import argparse

from baremetal.cli.command import Rows, Table
from baremetal.cli.crud import ListCommand, ResourceKind, ShowCommand

DRIVER = ResourceKind(
    noun="driver",
    collection=lambda client: client.drivers,
    columns=("name", "hosts"),
    ident="name",
    selects_fields=False,
)


class ListDrivers(ListCommand):
    """List drivers, and the conductors that have them."""

    kind = DRIVER


class ShowDriver(ShowCommand):
    """Show a driver: its interfaces, and which of them are the default."""

    kind = DRIVER


class ListDriverProperties(Rows):
    """List what a node of a driver may, or must, say in driver_info."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("driver", metavar="DRIVER", help="its name")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        described = self.client.drivers.properties(parsed_args.driver)
        return ("property", "description"), sorted(described.items())
