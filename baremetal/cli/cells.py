"""Values of the API as table cells: plain for people, untouched for machines."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cliff.columns import FormattableColumn

from baremetal.client.transport import Resource


class Cell(FormattableColumn[Any]):
    """A value that is not text; JSON and YAML show it as it is."""

    def human_readable(self) -> str:
        return _plain(self._value)


class OperationCell(FormattableColumn[Any]):
    """The operation that holds a node, in few words."""

    def human_readable(self) -> str:
        return describe_operation(self._value) if self._value else ""


def cell(name: str, value: Any) -> Any:
    """What to put into a table for a field of that name."""
    if name == "operation":
        return OperationCell(value)
    simple = isinstance(value, str | int | float) and not isinstance(value, bool)
    return value if simple else Cell(value)


def row(resource: Resource, columns: Sequence[str]) -> tuple[Any, ...]:
    """A resource's cells."""
    return tuple(cell(name, resource.get(name)) for name in columns)


def whole(resource: Resource, first: Iterable[str] = ()) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """All fields of a resource but links: `first` those that people look for, then the others."""
    shown = {name: value for name, value in resource.items() if not _is_links(name, value)}
    names = dict.fromkeys([name for name in first if name in shown] + sorted(shown))
    return tuple(names), row(shown, tuple(names))


def describe_operation(operation: Mapping[str, Any]) -> str:
    """E.g. `deploy: write_image 43 %, written 300 of 1024 MiB`."""
    return f"{operation['kind']}: {describe_step(operation)}"


def describe_step(operation: Mapping[str, Any]) -> str:
    """E.g. `write_image 43 %, written 300 of 1024 MiB`."""
    progress = operation.get("progress") or {}
    step = operation.get("step") or operation.get("state") or ""
    percent = progress.get("percent")
    text = f"{step} {percent:.0f} %" if percent else step
    waiting = (operation.get("waiting") or {}).get("for")
    details = progress.get("message") or (waiting and f"waiting for {waiting}")
    return f"{text}, {details}" if details else text


def _is_links(name: str, value: Any) -> bool:
    return name == "links" or (
        isinstance(value, list) and bool(value) and all(_is_link(item) for item in value)
    )


def _is_link(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() >= {"href", "rel"}


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "\n".join(f"{key}={_plain(value[key])}" for key in sorted(value))
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    return str(value)
