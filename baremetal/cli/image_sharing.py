"""Tags of images, and the projects that they are shared with."""

import argparse

from baremetal.cli.cells import row
from baremetal.cli.command import BaremetalCommand, Rows, Table
from baremetal.cli.image import IMAGE

_COLUMNS = ("member_id", "status", "updated_at")


class _OfImage(BaremetalCommand):
    """Changes something of an image."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("image", metavar="IMAGE", help=IMAGE.ident)
        return parser


class _Tags(_OfImage):
    """Changes an image's tags."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("tags", nargs="+", metavar="TAG", help="e.g. golden")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        for tag in parsed_args.tags:
            self.change(parsed_args.image, tag)
        tags = ", ".join(self.client.images.get(parsed_args.image)["tags"])
        self.say(f"{parsed_args.image}: {tags or 'no tags'}")

    def change(self, image: str, tag: str) -> None:
        """Do it with one tag."""
        raise NotImplementedError


class AddTags(_Tags):
    """Give an image more tags."""

    def change(self, image: str, tag: str) -> None:
        self.client.images.add_tag(image, tag)


class RemoveTags(_Tags):
    """Take tags from an image."""

    def change(self, image: str, tag: str) -> None:
        self.client.images.remove_tag(image, tag)


class ListMembers(Rows):
    """List the projects that an image is shared with."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("image", metavar="IMAGE", help=IMAGE.ident)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        found = self.client.images.members(parsed_args.image)
        return _COLUMNS, [row(member, _COLUMNS) for member in found]


class _Member(_OfImage):
    """Changes who shares an image."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("project", metavar="PROJECT", help="ID")
        return parser


class AddMember(_Member):
    """Share an image with a project, which may accept it."""

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        self.client.images.share(parsed_args.image, parsed_args.project)
        self.say(f"{parsed_args.image}: shared with {parsed_args.project}")


class AnswerForMember(_Member):
    """Accept an image for one's own project, or reject it."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("status", choices=("accepted", "rejected", "pending"), help="which")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        images, project = self.client.images, parsed_args.project
        images.answer(parsed_args.image, project, parsed_args.status)
        self.say(f"{parsed_args.image}: {parsed_args.status} by {project}")


class RemoveMember(_Member):
    """Share an image with a project no longer."""

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        self.client.images.unshare(parsed_args.image, parsed_args.project)
        self.say(f"{parsed_args.image}: no longer shared with {parsed_args.project}")
