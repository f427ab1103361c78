"""Fields that drivers declare as data, and the comparison of values with them."""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from baremetal.domain.errors import InvalidInput
from baremetal.domain.secrets import MASK

_HOST = re.compile(r"^(?!-)[A-Za-z0-9._-]{1,253}$")


@dataclass(frozen=True, slots=True)
class Property:
    """A field of ``driver_info`` (or ``instance_info``) that an interface reads.

    `kind` is one of ``text``, ``host``, ``port``, ``integer``, ``boolean``, ``url``,
    ``hex`` (pairs of hexadecimal digits).
    """

    name: str
    about: str
    example: str
    kind: str = "text"
    required: bool = False
    secret: bool = False
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None

    @property
    def text(self) -> str:
        """One line for people: what it is, whether it is needed, an example."""
        need = "Required." if self.required else "Optional."
        return f"{self.about} {need} Example: {self.example}"

    def problem(self, value: object) -> str | None:
        """Why `value` will not do, or None where it will."""
        if value is None or value == "":
            return "is missing" if self.required else None
        if self.choices and str(value) not in self.choices:
            return f"must be one of {', '.join(self.choices)}, not '{self.shown(value)}'"
        return _KINDS[self.kind](self, value)

    def shown(self, value: object) -> str:
        """The value as it may be repeated to people."""
        return MASK if self.secret else str(value)[:80]


def _text(_prop: Property, value: object) -> str | None:
    return None if isinstance(value, str | int | float) else "must be text"


def _integer(prop: Property, value: object) -> str | None:
    try:
        number = int(str(value))
    except ValueError:
        return f"must be a whole number, not '{prop.shown(value)}'"
    low = prop.minimum if prop.minimum is not None else number
    high = prop.maximum if prop.maximum is not None else number
    return None if low <= number <= high else f"must be from {low} to {high}, not {number}"


def _port(prop: Property, value: object) -> str | None:
    if not re.fullmatch("[0-9]{1,5}", str(value)) or not 1 <= int(str(value)) <= 65535:
        return f"must be a port from 1 to 65535, not '{prop.shown(value)}'"
    return None


def _boolean(_prop: Property, value: object) -> str | None:
    known = ("true", "false", "1", "0", "yes", "no")
    return None if str(value).lower() in known else "must be true or false"


def _host(prop: Property, value: object) -> str | None:
    text = str(value)
    try:
        ipaddress.ip_address(text)
    except ValueError:
        if not _HOST.fullmatch(text):
            return f"must be an IP address or a host name, not '{prop.shown(value)}'"
    return None


def _url(prop: Property, value: object) -> str | None:
    if re.fullmatch(r"(https?|file)://\S+", str(value)):
        return None
    return f"must be an http(s) or file URL, not '{prop.shown(value)}'"


def _hex(prop: Property, value: object) -> str | None:
    if re.fullmatch(r"([0-9A-Fa-f]{2})+", str(value)):
        return None
    return f"must be pairs of hexadecimal digits, not '{prop.shown(value)}'"


_KINDS = {
    "text": _text,
    "integer": _integer,
    "port": _port,
    "boolean": _boolean,
    "host": _host,
    "url": _url,
    "hex": _hex,
}


def check(
    properties: Iterable[Property],
    values: Mapping[str, Any],
    where: str,
    *,
    given_only: bool = False,
) -> None:
    """Compare `values` with what is declared; all problems at once.

    With `given_only`, what is missing passes, since it may come later.

    :raises InvalidInput: naming each field, why it will not do, and an example.
    """
    problems = [
        f"{where}/{prop.name} {problem} ({prop.about} Example: {prop.example})"
        for prop in properties
        if not (given_only and values.get(prop.name) in (None, "", MASK))
        and (problem := prop.problem(values.get(prop.name)))
    ]
    if problems:
        raise InvalidInput("; ".join(problems))
