"""The stores where the data of images is."""

import argparse

from baremetal.cli.cells import row
from baremetal.cli.command import BaremetalCommand, One, Rows, Table
from baremetal.cli.complaints import CommandError
from baremetal.cli.crud import present
from baremetal.cli.image import IMAGE
from baremetal.cli.image_imports import add_stores, follow_import, stores_of
from baremetal.client.images import failed_stores, why_not

_COLUMNS = ("id", "description", "default")


class ListStores(Rows):
    """List the stores that images may be put into."""

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        return _COLUMNS, [row(store, _COLUMNS) for store in self.client.images.stores()]


class CopyImage(One):
    """Copy an image's data to further stores."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("subject", metavar="IMAGE", help=IMAGE.ident)
        parser.add_argument("--no-wait", action="store_true", help="do not wait for it")
        add_stores(parser, required=True)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        images, name = self.client.images, parsed_args.subject
        uuid = images.get(name)["id"]
        images.copy(uuid, stores_of(parsed_args))
        if not parsed_args.no_wait:
            found = follow_import(self, uuid, name)
            missed = ", ".join(failed_stores(found))
            if missed and not parsed_args.allow_failure:
                raise CommandError(f"{name} was not copied to {missed}: {why_not(found)}")
        return present(images.get(uuid), IMAGE, parsed_args)


class RemoveFromStore(BaremetalCommand):
    """Remove an image's data from one of its stores; the last one keeps it."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("subject", metavar="IMAGE", help=IMAGE.ident)
        parser.add_argument("store", metavar="STORE", help="its ID")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        self.client.images.leave_store(parsed_args.subject, parsed_args.store)
        self.say(f"{parsed_args.subject}: no longer in {parsed_args.store}")
