"""The plan that the agent is given, and how far it has come."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from baremetal.agent.steps import Standing


class MalformedPlan(Exception):
    """What was given is no plan; the message says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is wanted: steps with their arguments, and how often to report, in seconds."""

    uuid: str
    steps: tuple[tuple[str, Mapping[str, Any]], ...]
    report_seconds: float


def read_plan(document: object) -> Plan:
    """The plan in an answer.

    :raises MalformedPlan: it is none.
    """
    try:
        assert isinstance(document, dict)  # noqa: S101 - refused below like all else
        steps = tuple(
            (str(step["name"]), dict(step.get("args") or {})) for step in document["steps"]
        )
        return Plan(str(document["uuid"]), steps, float(document.get("report_seconds", 5)))
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise MalformedPlan(f"not a plan: {type(error).__name__} {error}") from error


@dataclass(slots=True)
class Progress:
    """How far a plan has come; the work writes it, the reports read it."""

    plan: Plan
    status: str = "running"
    index: int = 0
    standing: Standing = field(default_factory=Standing)
    error: str | None = None
    results: dict[str, Any] = field(default_factory=dict)
    #: Set when nobody waits for the plan any more.
    dropped: threading.Event = field(default_factory=threading.Event)

    @property
    def step(self) -> str | None:
        """The name of the step that runs, or was the last."""
        return self.plan.steps[self.index][0] if self.plan.steps else None

    def report(self) -> dict[str, Any]:
        """The field ``progress`` of a heartbeat, as things stand now."""
        over = self.status != "running"
        done = (self.index + self.standing.fraction) * 100 / max(len(self.plan.steps), 1)
        return {
            "plan": self.plan.uuid,
            "status": self.status,
            "step": self.step,
            "step_index": self.index,
            "percent": 100 if self.status == "succeeded" else min(99, int(done)),
            "message": self.standing.message,
            "error": self.error,
            "results": self.results if over else {},
        }
