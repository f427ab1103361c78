"""Gathers what an autopsy is made of, at the moment when an operation fails."""

import logging
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any

from baremetal.db.types import stamp
from baremetal.domain import autopsy as rules
from baremetal.domain.errors import DriverError
from baremetal.domain.operation import Operation
from baremetal.engine.flow import Work

LOG = logging.getLogger(__name__)


def examine(
    task: Work,
    error: BaseException | None,
    message: str,
    step: str,
    steps: Sequence[Mapping[str, Any]],
    now: datetime,
) -> dict[str, Any]:
    """The autopsy of a failing operation; without an `error` somebody has asked for the end.

    It must be made before anything is undone, since that changes what is to be seen.
    """
    operation = task.operation
    places = _places(error.__traceback__) if error is not None else []
    cause = rules.CANCELLED
    if error is not None:
        cause = rules.cause_of(error, [module for module, _ in places])
    seen = _seen(task)
    if isinstance(error, DriverError):
        seen.update(error.evidence)
    # Only what others have said is searched: a password may well be a word that we use.
    said: dict[str, Any] = rules.without(task.secrets(), {"message": message, "evidence": seen})
    evidence = said["evidence"]
    tried = [str(command) for command in evidence.pop("try", ())]
    if cause in (rules.DRIVER_DEFECT, rules.INTERNAL) and places:
        evidence["where"] = places[-1][1]
    return {
        "step": step,
        "cause": cause,
        "meaning": rules.CAUSES[cause],
        "message": said["message"],
        "at": stamp(now),
        "evidence": {**evidence, **_course(operation, steps, now)},
        "next": rules.next_commands(
            cause, operation.kind, task.title, operation.uuid, tried, operation.resource_type
        ),
    }


def of_no_driver(operation: Operation, message: str, now: datetime) -> dict[str, Any]:
    """The autopsy of an operation that was given up, since there is nobody to carry it out."""
    cause = rules.CANCELLED
    return {
        "step": "start" if operation.cursor == 0 else "resume",
        "cause": cause,
        "meaning": rules.CAUSES[cause],
        "message": message,
        "at": stamp(now),
        "evidence": _course(operation, operation.steps, now),
        "next": rules.next_commands(cause, operation.kind, operation.resource_uuid, operation.uuid),
    }


def _course(
    operation: Operation, steps: Sequence[Mapping[str, Any]], now: datetime
) -> dict[str, Any]:
    return {
        "timings": rules.timings(steps, operation.created_at, operation.started_at, now),
        "attempts": operation.attempts,
        "conductor": operation.owner,
    }


def _seen(task: Work) -> dict[str, Any]:
    """Its evidence; an operation ends whether there is any or not."""
    try:
        return dict(task.evidence())
    except Exception:
        LOG.exception("operation %s: no evidence for its autopsy", task.operation.uuid)
        return {}


def _places(trace: TracebackType | None) -> list[tuple[str, str]]:
    """(module, where in it) of each frame but those of the standard library, outermost first."""
    found = []
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", "?"))
        if module.partition(".")[0] not in sys.stdlib_module_names:
            name = trace.tb_frame.f_code.co_name
            found.append((module, f"{module}:{name}, line {trace.tb_lineno}"))
        trace = trace.tb_next
    return found
