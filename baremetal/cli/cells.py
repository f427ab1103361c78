"""Values of the API as table cells: plain for people, untouched for machines."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from cliff.columns import FormattableColumn

from baremetal.client.transport import Resource


class Cell(FormattableColumn[Any]):
    """A value that is not text: told to people by `human`, left as it is in JSON and YAML."""

    def __init__(self, value: Any, human: Callable[[Any], str]) -> None:
        super().__init__(value)
        self._human = human

    def human_readable(self) -> str:
        return self._human(self._value)


def cell(name: str, value: Any) -> Any:
    """What to put into a table for a field of that name."""
    if value and name in _HUMAN:
        return Cell(value, _HUMAN[name])
    simple = isinstance(value, str | int | float) and not isinstance(value, bool)
    return value if simple else Cell(value, _plain)


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
    """Whether a field only says where else to look."""
    if isinstance(value, dict):
        return value.keys() >= {"href", "rel"}
    if isinstance(value, list) and value:
        return all(_is_links("", item) for item in value)
    return name == "links"


def _describe_progress(progress: Mapping[str, Any]) -> str:
    percent, message = progress.get("percent"), progress.get("message")
    told = [f"{percent:.0f} %" if percent is not None else "", message or ""]
    return ", ".join(part for part in told if part)


def _describe_waiting(waiting: Mapping[str, Any]) -> str:
    until = waiting.get("until")
    return f"{waiting['for']}, until {until}" if until else str(waiting["for"])


def _describe_steps(steps: list[Mapping[str, Any]]) -> str:
    lines = (f"{step['name']}: {step['state']} {step.get('message') or ''}" for step in steps)
    return "\n".join(line.rstrip() for line in lines)


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


_HUMAN: dict[str, Callable[[Any], str]] = {
    "operation": describe_operation,
    "progress": _describe_progress,
    "waiting": _describe_waiting,
    "steps": _describe_steps,
}
