"""Bodies of requests that are no resources: their members as data, checked in one place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from baremetal.api.call import Call
from baremetal.api.types.kinds import Kind
from baremetal.domain.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Member:
    """One member: `kind` checks its value, `since` is the version that brought it."""

    kind: Kind
    since: int = 1
    mandatory: bool = False
    about: str = ""


#: Deeper JSON is refused: no resource needs it, and it is how parsers are attacked.
MAX_DEPTH = 32


def read_json(raw: bytes) -> Any:
    """A request's body, parsed.

    :raises InvalidInput: it is no JSON, no valid UTF-8, or too deeply nested.
    """
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"The request body is not valid JSON: {error}") from error
    if is_deeper(document, MAX_DEPTH):
        raise InvalidInput(f"The request body is nested deeper than {MAX_DEPTH} levels.")
    return document


def read_object(raw: bytes) -> dict[str, Any]:
    """A request's body, which must be a JSON object.

    :raises InvalidInput: it is not.
    """
    document = read_json(raw)
    if not isinstance(document, dict):
        raise InvalidInput(f"The request body must be a JSON object, not {_kind(document)}.")
    return document


def is_deeper(document: Any, levels: int) -> bool:
    """Whether a document has objects or arrays within each other beyond so many levels."""
    if isinstance(document, dict):
        return levels == 0 or any(is_deeper(value, levels - 1) for value in document.values())
    if isinstance(document, list):
        return levels == 0 or any(is_deeper(value, levels - 1) for value in document)
    return False


def _kind(document: Any) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(document), "a number")


class Body:
    """A JSON object with known members. `optional` bodies may be left out altogether."""

    def __init__(self, members: Mapping[str, Member], *, optional: bool = False) -> None:
        """Take these members and no others."""
        self.members = members
        self.optional = optional

    def read(self, call: Call) -> dict[str, Any]:
        """The members that a request gives, canonical; null counts as not given.

        :raises InvalidInput: naming the member and what is wrong with it.
        :raises NotAcceptable: one that is newer than the version.
        """
        given = {} if self.optional and not call.raw.strip() else read_object(call.raw)
        values: dict[str, Any] = {}
        for name, value in given.items():
            member = self.members.get(name)
            if member is None:
                raise InvalidInput(
                    f"Unknown field '{name[:80]}' in the body. "
                    f"Known fields: {', '.join(self.members) or 'none'}."
                )
            if call.version < member.since:
                call.need(member.since, f"Field {name}")
            if value is not None:
                values[name] = _checked(member, name, value)
        for name, member in self.members.items():
            if member.mandatory and name not in values:
                raise InvalidInput(f"Missing mandatory parameter: {name}")
        return values


def _checked(member: Member, name: str, value: Any) -> Any:
    try:
        return member.kind.check(value)
    except ValueError as error:
        raise InvalidInput(f"Invalid value for '{name}': {error}") from error
