"""Fields of a resource as options, and options as bodies and patches: written once, as data."""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, TextIO

from baremetal.cli.values import HOW_TO_GIVE, pair, resolve_pairs
from baremetal.client.transport import Resource


class Kind(Enum):
    """How a field is given."""

    TEXT = auto()
    YES_NO = auto()  # --x / --no-x
    PAIRS = auto()  # --x KEY=VALUE, again and again
    WORDS = auto()  # --x VALUE, again and again


@dataclass(frozen=True, slots=True)
class Field:
    """One field that a person may write; `verbs` says when."""

    name: str
    help: str
    kind: Kind = Kind.TEXT
    option: str = ""
    verbs: str = "create set unset"
    required: bool = False

    @property
    def flag(self) -> str:
        """The option's name."""
        return "--" + (self.option or self.name.replace("_", "-"))

    @property
    def dest(self) -> str:
        """Where argparse keeps it, apart from options that are no fields."""
        return f"field_{self.name}"


def add_options(parser: argparse.ArgumentParser, fields: Iterable[Field], verb: str) -> None:
    """Add the options with which `verb` (create or set) writes the fields."""
    for field in fields:
        if verb not in field.verbs:
            continue
        options: dict[str, Any] = {"dest": field.dest, "help": field.help}
        if field.kind is Kind.YES_NO:
            options["action"] = argparse.BooleanOptionalAction
        elif field.kind is Kind.PAIRS:
            options |= {"action": "append", "type": pair, "metavar": "KEY=VALUE"}
            options["help"] += f"; {HOW_TO_GIVE}"
        else:
            options["metavar"] = field.flag.rpartition("-")[2].upper()
            options |= {"action": "append"} if field.kind is Kind.WORDS else {}
            options |= {"required": True} if field.required and verb == "create" else {}
        parser.add_argument(field.flag, **options)


def add_unset_options(parser: argparse.ArgumentParser, fields: Iterable[Field]) -> None:
    """Add the options that name the fields to empty."""
    for field in fields:
        if "unset" not in field.verbs:
            continue
        options: dict[str, Any] = {"action": "store_true", "help": f"empty: {field.help}"}
        if field.kind is Kind.PAIRS:
            options = {"action": "append", "metavar": "KEY", "help": f"remove KEY: {field.help}"}
        parser.add_argument(field.flag, dest=field.dest, **options)


def body(args: argparse.Namespace, fields: Iterable[Field], stdin: TextIO) -> Resource:
    """What the options say, as a resource to create.

    :raises baremetal.cli.complaints.UsageError: a file that they name cannot be read
    """
    given = ((field, getattr(args, field.dest, None)) for field in fields)
    return {
        field.name: resolve_pairs(value, stdin) if field.kind is Kind.PAIRS else value
        for field, value in given
        if value is not None
    }


def set_patch(args: argparse.Namespace, fields: Sequence[Field], stdin: TextIO) -> list[Resource]:
    """What the options say, as a JSON patch; keys of a dict that are not named stay."""
    kinds = {field.name: field.kind for field in fields}
    patch: list[Resource] = []
    for name, value in body(args, fields, stdin).items():
        if kinds[name] is Kind.PAIRS:
            patch += add_keys(name, value)
        else:
            patch.append({"op": "add", "path": f"/{name}", "value": value})
    return patch


def add_keys(name: str, values: Resource) -> list[Resource]:
    """The JSON patch that puts these keys into the dict `name`, beside what is there."""
    return [
        {"op": "add", "path": f"/{name}/{_escaped(key)}", "value": value}
        for key, value in values.items()
    ]


def unset_patch(args: argparse.Namespace, fields: Iterable[Field]) -> list[Resource]:
    """The JSON patch that empties the named fields."""
    patch: list[Resource] = []
    for field in fields:
        given = getattr(args, field.dest, None)
        if field.kind is Kind.PAIRS:
            paths = [f"/{field.name}/{_escaped(key)}" for key in given or ()]
        else:
            paths = [f"/{field.name}"] if given else []
        patch += [{"op": "remove", "path": path} for path in paths]
    return patch


def _escaped(key: str) -> str:
    """A key as part of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")
