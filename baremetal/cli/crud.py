"""List, show, create, set, unset and delete, for whichever resource a class names."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

from baremetal.cli.cells import row, whole
from baremetal.cli.command import EachCommand, One, Rows, Table, positive
from baremetal.cli.complaints import UsageError
from baremetal.cli.fields import (
    Field,
    add_options,
    add_unset_options,
    body,
    set_patch,
    unset_patch,
)
from baremetal.client import Client
from baremetal.client.resources import Collection
from baremetal.client.transport import Resource

_EMPTY: tuple[Any, ...] = (None, "", {}, [])


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of a list: an option, and the query parameter that it is."""

    option: str
    help: str
    query: str = ""
    yes_no: bool = False
    choices: tuple[str, ...] = ()

    @property
    def parameter(self) -> str:
        """The query parameter's name."""
        return self.query or self.option.replace("-", "_")

    @property
    def dest(self) -> str:
        """Where argparse keeps it."""
        return f"filter_{self.parameter}"


@dataclass(frozen=True, slots=True)
class ResourceKind:
    """What the commands need to know of a kind of resource."""

    noun: str
    collection: Callable[[Client], Collection]
    columns: tuple[str, ...]
    long: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    fields: tuple[Field, ...] = ()
    ident: str = "UUID"
    #: Turns what people write (names) into what the API wants (UUIDs), in a body or patch.
    complete: Callable[[Client, Resource], Resource] = lambda _, resource: resource
    selects_fields: bool = True  # whether the API lets one choose fields


def present(resource: Resource, kind: ResourceKind, parsed_args: argparse.Namespace) -> Table:
    """A resource with all its fields; a table that people read has no empty ones."""
    if parsed_args.formatter == "table" and not parsed_args.columns:
        resource = {name: value for name, value in resource.items() if value not in _EMPTY}
    return whole(resource, kind.columns)


class ListCommand(Rows):
    """List resources."""

    kind: ClassVar[ResourceKind]

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        which = parser.add_mutually_exclusive_group()
        if self.kind.long:
            which.add_argument("--long", action="store_true", help="more columns")
        which.add_argument("--fields", metavar="FIELD[,FIELD...]", help="these columns")
        parser.add_argument("--limit", type=positive, metavar="N", help="no more than N")
        parser.add_argument("--sort", metavar="FIELD[:desc]", help="in the order of a field")
        for filter in self.kind.filters:
            options: dict[str, Any] = {"dest": filter.dest, "help": filter.help}
            if filter.yes_no:
                options["action"] = argparse.BooleanOptionalAction
            else:
                options["metavar"] = filter.option.rpartition("-")[2].upper()
                options |= {"choices": filter.choices} if filter.choices else {}
            parser.add_argument(f"--{filter.option}", **options)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        columns = self._columns(parsed_args)
        query = {f.parameter: getattr(parsed_args, f.dest) for f in self.kind.filters}
        if parsed_args.sort:
            key, _, direction = parsed_args.sort.partition(":")
            query |= {"sort_key": key, "sort_dir": direction or "asc"}
        query["limit"] = parsed_args.limit
        fields = columns if self.kind.selects_fields else ()
        found = self.kind.collection(self.client).list(fields, **query)
        # Rows are made here: an error must come before any output.
        return columns, [row(resource, columns) for resource in islice(found, parsed_args.limit)]

    def _columns(self, args: argparse.Namespace) -> tuple[str, ...]:
        if args.fields:
            return tuple(name.strip() for name in args.fields.split(","))
        if args.columns:
            return tuple(args.columns)
        return self.kind.columns + (self.kind.long if getattr(args, "long", False) else ())


class ShowCommand(One):
    """Show a resource; a table leaves empty fields out."""

    kind: ClassVar[ResourceKind]

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("subject", metavar=self.kind.noun.upper(), help=self.kind.ident)
        parser.add_argument("--fields", metavar="FIELD[,FIELD...]", help="only these")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        fields = tuple(parsed_args.fields.split(",")) if parsed_args.fields else ()
        wanted = fields if self.kind.selects_fields else ()
        resource = self.kind.collection(self.client).get(parsed_args.subject, wanted)
        if fields:
            return fields, row(resource, fields)
        return present(resource, self.kind, parsed_args)


class CreateCommand(One):
    """Create a resource."""

    kind: ClassVar[ResourceKind]

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_options(parser, self.kind.fields, "create")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        wanted = body(parsed_args, self.kind.fields, self.app.stdin)
        wanted = self.kind.complete(self.client, wanted)
        created = self.kind.collection(self.client).create(wanted)
        return present(created, self.kind, parsed_args)


class ChangeCommand(EachCommand):
    """Change the fields of some resources."""

    kind: ClassVar[ResourceKind]
    done = "changed"

    def noun(self) -> str:
        return self.kind.noun

    def patch(self, parsed_args: argparse.Namespace) -> list[Resource]:
        """The JSON patch that the options mean."""
        raise NotImplementedError

    def prepare(self, parsed_args: argparse.Namespace) -> Callable[[str], object]:
        patch = self.patch(parsed_args)
        if not patch:
            raise UsageError("there is nothing to change", "`--help` lists what can be")
        collection = self.kind.collection(self.client)
        return lambda subject: collection.update(subject, patch)


class SetCommand(ChangeCommand):
    """Write fields."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_options(parser, self.kind.fields, "set")
        return parser

    def patch(self, parsed_args: argparse.Namespace) -> list[Resource]:
        changes = set_patch(parsed_args, self.kind.fields, self.app.stdin)
        return [self._completed(change) for change in changes]

    def _completed(self, change: Resource) -> Resource:
        name = change["path"].removeprefix("/")
        value = self.kind.complete(self.client, {name: change["value"]})[name]
        return change | {"value": value}


class UnsetCommand(ChangeCommand):
    """Empty fields."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_unset_options(parser, self.kind.fields)
        return parser

    def patch(self, parsed_args: argparse.Namespace) -> list[Resource]:
        return unset_patch(parsed_args, self.kind.fields)


class DeleteCommand(EachCommand):
    """Delete resources."""

    kind: ClassVar[ResourceKind]
    done = "deleted"

    def noun(self) -> str:
        return self.kind.noun

    def prepare(self, parsed_args: argparse.Namespace) -> Callable[[str], object]:
        return self.kind.collection(self.client).delete
