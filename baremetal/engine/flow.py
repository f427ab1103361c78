"""What a flow is: steps in reading order, each safe to run twice, each with its undo."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from baremetal.clock import Clock
from baremetal.db.operations import Change
from baremetal.domain.operation import Operation
from baremetal.domain.outcomes import Outcome
from baremetal.domain.states import Phase


@dataclass(slots=True, kw_only=True)
class Work(ABC):
    """One run of an operation: what its steps read, and what they leave behind."""

    operation: Operation
    clock: Clock
    #: Where stretches of the work show in the state of the resource.
    phases: Sequence[Phase] = ()
    scratch: dict[str, Any]
    #: What to write of the resource with the next checkpoint.
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    @abstractmethod
    def title(self) -> str:
        """What people call the resource."""

    @property
    def state(self) -> str | None:
        """That of the resource, as it was written last, where there are phases."""
        return None

    @abstractmethod
    def change(self, values: Mapping[str, Any]) -> Change:
        """What a checkpoint with these `changes` writes; ``last_error`` may be among them."""

    def evidence(self) -> dict[str, Any]:
        """What is known of the resource at this moment, for an autopsy."""
        return {}

    def secrets(self) -> set[str]:
        """What must not stand in an autopsy."""
        return set()


T = TypeVar("T", bound=Work, contravariant=True)  # noqa: PLC0105 - T reads better


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """One thing to do.

    `do` is safe to run again after a crash at any instant. Where it returns `Wait`
    or `Hold`, `resume` is called with the signal that ended the waiting. `undo`
    puts back what `do` did when a later step fails. Without `when` every task wants
    the step. `phase` numbers the stretch of
    work in ``states.PHASES`` that the step belongs to. A `quick` step is over in no
    time and changes nothing outside, so nobody needs to be told that it begins.
    """

    name: str
    do: Callable[[T], Outcome | None]
    resume: Callable[[T, Mapping[str, Any]], Outcome | None] | None = None
    undo: Callable[[T], None] | None = None
    when: Callable[[T], bool] | None = None
    phase: int = 0
    quick: bool = False


@dataclass(frozen=True, slots=True)
class Flow(Generic[T]):
    """An operation's kind, its steps, and what its success or failure writes on the resource."""

    kind: str
    steps: tuple[Step[T], ...]
    on_success: Callable[[T], None] | None = None
    on_failure: Callable[[T], None] | None = None
    by_name: Mapping[str, Step[T]] = field(init=False)

    def __post_init__(self) -> None:
        """Index the steps."""
        object.__setattr__(self, "by_name", {step.name: step for step in self.steps})
