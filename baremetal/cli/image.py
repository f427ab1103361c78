"""`baremetal image ...`: what machines are deployed with."""

import argparse
from collections.abc import Callable
from pathlib import Path

from baremetal.cli.cells import row
from baremetal.cli.command import BaremetalCommand, EachCommand, One, Table, positive
from baremetal.cli.complaints import CommandError, UsageError
from baremetal.cli.crud import (
    DeleteCommand,
    Filter,
    ListCommand,
    ResourceKind,
    SetCommand,
    ShowCommand,
    UnsetCommand,
    present,
)
from baremetal.cli.fields import Field, Kind, add_options, body
from baremetal.cli.image_imports import add_stores, follow_import, stores_of
from baremetal.cli.progress import open_progress
from baremetal.client.images import Report, why_not

_VISIBILITIES = ("public", "community", "shared", "private")
_TICKET = ("url", "expires_at", "store", "size", "os_hash_algo", "os_hash_value")

IMAGE = ResourceKind(
    noun="image",
    collection=lambda client: client.images,
    columns=("id", "name", "status", "size"),
    long=("disk_format", "visibility", "owner", "tags", "stores"),
    ident="ID or name",
    selects_fields=False,
    filters=(
        Filter("name", "called so"),
        Filter("status", "such as active or queued"),
        Filter("visibility", "who sees it", choices=_VISIBILITIES),
        Filter("tag", "with this tag"),
        Filter("owner", "of this project"),
        Filter("hidden", "those that lists leave out", query="os_hidden", yes_no=True),
    ),
    fields=(
        Field("name", "how to call it", verbs="create set"),
        Field("disk_format", "raw, qcow2, vmdk...", verbs="create set"),
        Field("container_format", "bare, unless something is around it", verbs="create set"),
        Field("visibility", f"one of {', '.join(_VISIBILITIES)}", verbs="create set"),
        Field("min_disk", "GB that a machine's disk must have", verbs="create set"),
        Field("min_ram", "MB that a machine must have", verbs="create set"),
        Field("protected", "not to be deleted", Kind.YES_NO, verbs="create set"),
        Field("os_hidden", "left out of lists", Kind.YES_NO, "hidden", verbs="create set"),
        Field("tags", "a tag; those that are there go", Kind.WORDS, "tag", verbs="create set"),
        Field("properties", "anything of yours", Kind.PAIRS, "property"),
        Field("owner", "the project that it belongs to", verbs="create set"),
    ),
)


class ListImages(ListCommand):
    """List images."""

    kind = IMAGE


class ShowImage(ShowCommand):
    """Show an image."""

    kind = IMAGE


class SetImages(SetCommand):
    """Write fields of images."""

    kind = IMAGE


class UnsetImages(UnsetCommand):
    """Remove properties of images."""

    kind = IMAGE


class DeleteImages(DeleteCommand):
    """Delete images, with their data."""

    kind = IMAGE


class _NewImage(One):
    """Adds an image, and sees to its data."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_options(parser, IMAGE.fields, "create")
        parser.set_defaults(field_disk_format="raw", field_container_format="bare")
        return parser

    def added(self, parsed_args: argparse.Namespace) -> str:
        """The ID of the new image."""
        wanted = body(parsed_args, IMAGE.fields, self.app.stdin)
        return str(self.client.images.create(wanted)["id"])

    def shown(self, parsed_args: argparse.Namespace, uuid: str) -> Table:
        """The image as it is now."""
        return present(self.client.images.get(uuid), IMAGE, parsed_args)


class CreateImage(_NewImage):
    """Add an image, with the data of a file."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("--file", type=Path, metavar="FILE", help="its data; without: later")
        parser.add_argument("--store", help="where to put it; without: into the default one")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        file: Path | None = parsed_args.file
        if file is not None and not file.is_file():
            raise UsageError(f"there is no file {file}", "--file names the image's data")
        uuid = self.added(parsed_args)
        if file is not None:
            with open_progress(self.app.stderr, quiet=self.app.quiet) as progress:
                report = _reporter(progress.show, file.name)
                self.client.images.upload(uuid, file, report, parsed_args.store)
        return self.shown(parsed_args, uuid)


class ImportImage(_NewImage):
    """Add an image, whose data the service fetches from the web."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("url", metavar="URL", help="where its data is")
        parser.add_argument("--no-wait", action="store_true", help="do not wait for it to come")
        add_stores(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        uuid = self.added(parsed_args)
        self.client.images.download(uuid, parsed_args.url, stores_of(parsed_args))
        if not parsed_args.no_wait:
            found = follow_import(self, uuid, parsed_args.url)
            if found["status"] != "active":
                raise CommandError(f"{parsed_args.url} was not imported: {why_not(found)}")
        return self.shown(parsed_args, uuid)


class SaveImage(BaremetalCommand):
    """Write the data of an image to a file."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("subject", metavar="IMAGE", help=IMAGE.ident)
        parser.add_argument("--file", type=Path, metavar="FILE", required=True, help="where to")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        target: Path = parsed_args.file
        with open_progress(self.app.stderr, quiet=self.app.quiet) as progress:
            report = _reporter(progress.show, target.name)
            self.client.images.save(parsed_args.subject, target, report)
        self.say(f"{target}: {target.stat().st_size} bytes")


class DeactivateImages(EachCommand):
    """Keep the data of images from being read."""

    done = "deactivated"

    def noun(self) -> str:
        return IMAGE.noun

    def prepare(self, parsed_args: argparse.Namespace) -> Callable[[str], object]:
        return self.client.images.deactivate


class ReactivateImages(EachCommand):
    """Let the data of images be read again."""

    done = "active"

    def noun(self) -> str:
        return IMAGE.noun

    def prepare(self, parsed_args: argparse.Namespace) -> Callable[[str], object]:
        return self.client.images.reactivate


class ImageTicket(One):
    """Get a URL by which whoever has it reads an image's data for a while."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("subject", metavar="IMAGE", help=IMAGE.ident)
        parser.add_argument(
            "--seconds", type=positive, help="how long; without: as long as the service allows"
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        found = self.client.images.ticket(parsed_args.subject, parsed_args.seconds)
        return _TICKET, row(found, _TICKET)


def _reporter(show: Callable[[str, str, float | None], None], name: str) -> Report:
    def report(done: int, total: int | None) -> None:
        percent = 100 * done / total if total else None
        show(name, f"{done >> 20} MiB, of {(total or 0) >> 20}", percent)

    return report
