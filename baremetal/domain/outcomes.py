"""What a step or a driver says of the work that it was asked to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Done:
    """The work is finished; `note` is for the step's record."""

    note: str | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Somebody else goes on with it; `what` is awaited for at most `seconds`."""

    what: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Hold:
    """An operator asked for a stop here, until they say `unhold`."""

    what: str = "an operator's unhold"


Outcome = Done | Wait | Hold


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One thing for an agent to do: a name that it knows, and arguments."""

    name: str
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """All that an agent has to do before it reports back; never led step by step."""

    kind: str
    steps: tuple[PlanStep, ...]

    def as_data(self, uuid: str, report_seconds: float) -> dict[str, Any]:
        """The plan as it is sent to the agent; `uuid` names this very run of it."""
        return {
            "uuid": uuid,
            "kind": self.kind,
            "steps": [{"name": step.name, "args": dict(step.args)} for step in self.steps],
            "report_seconds": report_seconds,
        }
