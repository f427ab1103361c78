"""Steps that operators may ask for by name, and what they become in a plan."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from baremetal.domain.errors import InvalidInput
from baremetal.domain.outcomes import PlanStep

#: The step at which an operation pauses until `unhold`.
HOLD = "hold"


def named_steps(
    asked: Sequence[Mapping[str, Any]], known: Iterable[str], driver: str
) -> tuple[PlanStep, ...]:
    """The plan's steps for what an operator asked for.

    :raises InvalidInput: a name that `driver` does not have.
    """
    names = (*known, HOLD)
    for step in asked:
        if step["step"] not in names:
            raise InvalidInput(
                f"Step '{step['step']}' is not one of driver {driver}. "
                f"It has: {', '.join(sorted(names))}."
            )
    return tuple(PlanStep(step["step"], dict(step.get("args") or {})) for step in asked)
