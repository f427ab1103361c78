"""The plan that an agent is given, and how far it has come."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


class MalformedPlan(Exception):
    """The answer to a heartbeat holds something that is no plan."""


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One step: its name and its arguments."""

    name: str
    args: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the conductor wants done; ``report_seconds`` is how often it wants to hear of it."""

    uuid: str
    kind: str
    steps: tuple[PlanStep, ...]
    report_seconds: float


def read_plan(document: object) -> Plan:
    """Return the plan in a heartbeat's answer.

    :raises MalformedPlan: a field is missing or of a wrong type.
    """
    match document:
        case {"uuid": str(uuid), "kind": str(kind), "steps": [*steps], **others}:
            report_seconds = others.get("report_seconds", 5)
            if not isinstance(report_seconds, int | float) or report_seconds < 0:
                raise MalformedPlan(f"report_seconds {report_seconds!r} is no time")
            return Plan(uuid, kind, tuple(map(_read_step, steps)), float(report_seconds))
    raise MalformedPlan(f"a plan needs uuid, kind and steps: {document!r:.200}")


@dataclass(slots=True)
class StepProgress:
    """The step that runs now: which part of the plan it is, and a watch that says how far it is.

    :ivar start: percent of the plan that were done before it.
    :ivar share: percent of the plan that it is worth.
    """

    start: float = 0.0
    share: float = 0.0
    fraction: Callable[[], float] = lambda: 0.0
    describe: Callable[[float], str] = lambda _fraction: ""


@dataclass(slots=True)
class PlanProgress:
    """How far a plan has come; the work writes it, the reports read it."""

    plan: Plan
    status: str = "running"
    step_index: int = 0
    step: StepProgress = field(default_factory=StepProgress)
    error: str | None = None
    results: dict[str, Any] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """Whether the plan has succeeded or failed."""
        return self.status != "running"

    @property
    def step_name(self) -> str | None:
        """The name of the step that runs, or was the last."""
        return self.plan.steps[self.step_index].name if self.plan.steps else None

    def fail(self, error: str) -> None:
        """End the plan where it stands."""
        fraction = self.step.fraction()
        self.step.fraction = lambda: fraction
        self.status, self.error = "failed", error

    def report(self) -> dict[str, Any]:
        """Return the ``progress`` field of a heartbeat, as things stand now."""
        fraction = self.step.fraction()
        percent = self.step.start + fraction * self.step.share
        messages = {"succeeded": "all steps are done", "failed": f"{self.step_name} failed"}
        return {
            "plan": self.plan.uuid,
            "status": self.status,
            "step": self.step_name,
            "step_index": self.step_index,
            "percent": 100 if self.status == "succeeded" else min(99, int(percent)),
            "message": messages.get(self.status) or self.step.describe(fraction),
            "error": self.error,
            "results": self.results if self.over else {},
        }


def _read_step(step: object) -> PlanStep:
    match step:
        case {"name": str(name), **others}:
            args = others.get("args") or {}
            if isinstance(args, Mapping):
                return PlanStep(name, args)
    raise MalformedPlan(f"a step needs a name, and args that are an object: {step!r:.200}")
