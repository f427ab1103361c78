"""The kinds of value that fields have, as WSME user types."""

from collections.abc import Callable
from typing import Any

import wsme.types as wtypes

from baremetal.domain.node import is_name, is_uuid, normal_mac


class Kind(wtypes.UserType):
    """A kind of value: `check` returns the accepted value or raises ValueError saying why."""

    def __init__(
        self,
        name: str,
        check: Callable[[Any], Any],
        schema: dict[str, Any],
        stored_as: str = "text",
    ) -> None:
        """Name it as JSON schema would; `stored_as` tells how its column reads."""
        self.name = name  # type: ignore[assignment]
        self.basetype = wtypes.text  # type: ignore[assignment]
        self.check = check
        self.schema = schema
        self.stored_as = stored_as

    def validate(self, value: Any) -> Any:
        """The value, made canonical.

        :raises ValueError: it is not of this kind.
        """
        return self.check(value)


def _text(limit: int) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError("must be a string")
        if len(value) > limit:
            raise ValueError(f"must be at most {limit} characters, not {len(value)}")
        if "\x00" in value:
            raise ValueError("must not contain a NUL character")
        return value

    return check


def text(limit: int = 255) -> Kind:
    """Text of at most `limit` characters."""
    return Kind("string", _text(limit), {"type": "string", "maxLength": limit})


def _uuid(value: Any) -> str:
    if not is_uuid(value):
        raise ValueError("must be a UUID such as 1be26c0b-03f2-4d2e-ae87-c02d7f33c123")
    return str(value).lower()


def _name(value: Any) -> str:
    if not is_name(value):
        raise ValueError(
            "must be 1 to 255 of the characters A-Z a-z 0-9 - . _ ~, "
            "must not look like a UUID, and must not be . or .."
        )
    return str(value)


_WORDS = {
    "true": True,
    "t": True,
    "1": True,
    "yes": True,
    "y": True,
    "on": True,
    "false": False,
    "f": False,
    "0": False,
    "no": False,
    "n": False,
    "off": False,
}


def boolean(value: Any) -> bool:
    """True or false, also as the words that the field's clients send.

    :raises ValueError: it is neither.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _WORDS:
        return _WORDS[value.lower()]
    raise ValueError("must be true or false")


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("must be a JSON object")
    return value


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("must be an array of strings")
    return value


def _objects(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError("must be an array of objects")
    return value


def _mac(value: Any) -> str:
    mac = normal_mac(value)
    if mac is None:
        raise ValueError("must be a MAC address such as 52:54:00:12:34:56")
    return mac


def one_of(*words: str) -> Kind:
    """One of these words."""

    def check(value: Any) -> str:
        if value not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return str(value)

    return Kind("string", check, {"type": "string", "enum": list(words)})


def _count(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    raise ValueError("must be a whole number, 0 or more")


def _names(value: Any) -> tuple[str, ...]:
    return tuple(name.strip() for name in _text(4096)(value).split(",") if name.strip())


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("must be a whole number")
    return value


def _positive(value: Any) -> int:
    if _integer(value) < 1 or value >= 2**31:
        raise ValueError("must be a whole number, 1 or more")
    return int(value)


TEXT = text()
LONG_TEXT = text(65535)
UUID = Kind("uuid", _uuid, {"type": "string", "format": "uuid"})
NAME = Kind("name", _name, {"type": "string", "pattern": r"^[A-Za-z0-9\-._~]{1,255}$"})
BOOLEAN = Kind("boolean", boolean, {"type": "boolean"}, stored_as="boolean")
INTEGER = Kind("integer", _integer, {"type": "integer"}, stored_as="integer")
POSITIVE = Kind("integer", _positive, {"type": "integer", "minimum": 1, "maximum": 2**31 - 1})
OBJECT = Kind("object", _object, {"type": "object"}, stored_as="json")
#: For query parameters: the digits of a number, and words separated by commas.
COUNT = Kind("count", _count, {"type": "integer", "minimum": 0}, stored_as="integer")
NAMES = Kind("names", _names, {"type": "array", "items": {"type": "string"}})
OBJECTS = Kind("array", _objects, {"type": "array", "items": {"type": "object"}}, stored_as="json")
TEXTS = Kind("array", _texts, {"type": "array", "items": {"type": "string"}}, stored_as="json")
MAC = Kind("mac", _mac, {"type": "string", "pattern": "^([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}$"})
MOMENT = Kind("date-time", _text(32), {"type": "string", "format": "date-time"})
LINKS = Kind(
    "links",
    _object,
    {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"href": {"type": "string"}, "rel": {"type": "string"}},
        },
    },
    stored_as="computed",
)
COMPUTED = Kind("computed", _text(65535), {}, stored_as="computed")
