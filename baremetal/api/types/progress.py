"""What an agent says of its plan: how far it has come, or how it ended."""

import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from baremetal.api.types import kinds

RUNNING: Final = "running"
STATUSES: Final = (RUNNING, "succeeded", "failed")
#: Of a longer message the beginning is kept, of an error the end, with the last lines of a log;
#: autopsies take little more.
_LONGEST: Final = 1500
#: Bodies have a limit of their own.
_ANY_TEXT: Final = kinds.text(sys.maxsize)


def _message(value: Any) -> Any:
    return _ANY_TEXT.check(value)[:_LONGEST]


def _error(value: Any) -> Any:
    return _ANY_TEXT.check(value)[-_LONGEST:]


def _percent(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100:
        raise ValueError("must be a whole number from 0 to 100")
    return value


def _results(value: Any) -> dict[str, Any]:
    """Any JSON without a NUL: parts of it reach columns that can not hold one."""
    pending = [kinds.OBJECT.check(value)]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            pending += [*one, *one.values()]
        elif isinstance(one, list):
            pending += one
        elif isinstance(one, str) and "\x00" in one:
            raise ValueError("must not contain a NUL character")
    return dict(value)


_CHECKS: Final[Mapping[str, Callable[[Any], Any]]] = MappingProxyType(
    {
        "plan": kinds.TEXT.check,
        "status": kinds.one_of(*STATUSES).check,
        "step": kinds.TEXT.check,
        "step_index": kinds.INTEGER.check,
        "percent": _percent,
        "message": _message,
        "error": _error,
        "results": _results,
    }
)


def _progress(value: Any) -> dict[str, Any]:
    """What is given of it; null counts as not given."""
    given = {name: one for name, one in kinds.OBJECT.check(value).items() if one is not None}
    unknown = sorted(set(given) - set(_CHECKS))
    if unknown:
        raise ValueError(f"has no field '{unknown[0][:80]}'; it has {', '.join(_CHECKS)}")
    for name in ("plan", "status"):
        if name not in given:
            raise ValueError(f"needs '{name}'")
    checked = {}
    for name, one in given.items():
        try:
            checked[name] = _CHECKS[name](one)
        except ValueError as error:
            raise ValueError(f"{name} {error}") from error
    return checked


PROGRESS: Final = kinds.Kind(
    "progress",
    _progress,
    {
        "type": "object",
        "properties": {
            "plan": {"type": "string"},
            "status": {"type": "string", "enum": list(STATUSES)},
            "step": {"type": ["string", "null"]},
            "step_index": {"type": ["integer", "null"]},
            "percent": {"type": "integer", "minimum": 0, "maximum": 100},
            "message": {"type": ["string", "null"]},
            "error": {"type": ["string", "null"]},
            "results": {"type": ["object", "null"]},
        },
        "required": ["plan", "status"],
        "additionalProperties": False,
    },
)
