"""Reads a YAML mapping field by field, and names the exact place of whatever is wrong."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any


class FleetFileError(Exception):
    """A fleet file cannot be used; the message names the place, the value and what is accepted."""


class CheckedMapping:
    """Typed access to the fields of one mapping at ``place`` (such as ``machines[3].bmc``).

    Every getter raises FleetFileError on a wrong type or value; ``finish`` raises it for
    fields that nobody asked for, which are nearly always misspellings.
    """

    def __init__(self, value: object, place: str) -> None:
        if not isinstance(value, Mapping):
            raise FleetFileError(f"{place}: must be a mapping, not {_shown(value)}")
        self._fields: Mapping[Any, Any] = value
        self._known: set[str] = set()
        self.place = place

    def has(self, name: str) -> bool:
        """Tell whether the field is there and not null."""
        self._known.add(name)
        return self._fields.get(name) is not None

    def text(self, name: str, default: str | None = None, *, longest: int = 255) -> str:
        """Return a non-empty string; required when there is no default."""
        value = self._value(name, default)
        if not isinstance(value, str) or not 0 < len(value) <= longest:
            raise self.error(name, f"must be a string of 1 to {longest} characters", value)
        return value

    def texts(self, name: str) -> list[str]:
        """Return a list of at least one non-empty string."""
        value = self._value(name, None)
        if not isinstance(value, list) or not value:
            raise self.error(name, "must be a list of strings", value)
        for text in value:
            if not isinstance(text, str) or not text:
                raise self.error(name, "must be a list of strings", text)
        return value

    def choice(self, name: str, choices: Iterable[str], default: str | None = None) -> str:
        """Return one of ``choices``."""
        value = self._value(name, default)
        if value not in (accepted := list(choices)):
            raise self.error(name, f"must be one of {', '.join(accepted)}", value)
        return str(value)

    def integer(
        self, name: str, default: int | None = None, *, least: int = 0, most: int = 2**63
    ) -> int:
        """Return an integer between ``least`` and ``most``."""
        value = self._value(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.error(name, f"must be an integer from {least} to {most}", value)
        return value

    def number(
        self, name: str, default: float | None = None, *, least: float = 0, most: float = 1e9
    ) -> float:
        """Return a number between ``least`` and ``most``."""
        value = self._value(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(name, "must be a number", value)
        if not least <= value <= most:
            raise self.error(name, f"must be from {least:g} to {most:g}", value)
        return float(value)

    def numbers(self, name: str, *, least: float = 0, most: float = 1e9) -> list[float]:
        """Return a list of numbers between ``least`` and ``most``."""
        value = self._value(name, None)
        if not isinstance(value, list):
            raise self.error(name, "must be a list of numbers", value)
        items = CheckedMapping(
            {f"{name}[{position}]": item for position, item in enumerate(value)}, self.place
        )
        return [items.number(item, least=least, most=most) for item in items.names()]

    def flag(self, name: str) -> bool:
        """Return true or false; false when the field is absent."""
        value = self._value(name, default=False)
        if not isinstance(value, bool):
            raise self.error(name, "must be true or false", value)
        return value

    def is_mapping(self, name: str) -> bool:
        """Tell whether the field is there and a nested mapping."""
        return isinstance(self._value(name, None), Mapping)

    def mapping(self, name: str) -> "CheckedMapping":
        """Return a nested mapping, empty when the field is absent."""
        return CheckedMapping(self._value(name, {}), f"{self.place}.{name}")

    def mappings(self, name: str) -> list["CheckedMapping"]:
        """Return the nested mappings of a list, none when the field is absent."""
        value = self._value(name, [])
        if not isinstance(value, list):
            raise self.error(name, "must be a list", value)
        return [
            CheckedMapping(item, f"{self.place}.{name}[{position}]")
            for position, item in enumerate(value)
        ]

    def names(self) -> list[str]:
        """Return the names of all fields, each of which then counts as known."""
        for name in self._fields:
            if not isinstance(name, str):
                raise FleetFileError(f"{self.place}: names must be strings, not {_shown(name)}")
        self._known.update(self._fields)
        return list(self._fields)

    def finish(self) -> None:
        """Check that nothing unknown is left."""
        for name in self._fields:
            if name in self._known:
                continue
            near = difflib.get_close_matches(str(name), self._known, 1)
            hint = (
                f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(self._known))}"
            )
            raise FleetFileError(f"{self.place}: unknown field {_shown(name)}; {hint}")

    def error(self, name: str, requirement: str, value: object) -> FleetFileError:
        """Return the error that says what ``name`` must be."""
        place = f"{self.place}.{name}"
        if value is None:
            return FleetFileError(f"{place}: is missing; it {requirement}")
        return FleetFileError(f"{place}: {requirement}, not {_shown(value)}")

    def _value(self, name: str, default: object) -> Any:
        self._known.add(name)
        value = self._fields.get(name)
        return default if value is None else value


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
