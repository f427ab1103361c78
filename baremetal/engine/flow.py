"""What a flow is: steps in reading order, each safe to run twice, each with its undo."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from baremetal.clock import Clock
from baremetal.domain.errors import NotSupported
from baremetal.domain.node import Node
from baremetal.domain.operation import Operation
from baremetal.domain.outcomes import Outcome
from baremetal.domain.states import Phase


@dataclass(slots=True, kw_only=True)
class Task:
    """One run of an operation: what its steps read, and what they leave behind."""

    operation: Operation
    node: Node
    clock: Clock
    phases: Sequence[Phase]
    scratch: dict[str, Any]
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def params(self) -> Mapping[str, Any]:
        """What the request asked for."""
        return self.operation.params

    def change(self, **values: Any) -> None:
        """Note columns of the node to write with the next checkpoint."""
        self.changes.update(values)


T = TypeVar("T", bound=Task, contravariant=True)


class Always(Protocol):
    """The condition of a step that is never skipped."""

    def __call__(self, task: Any, /) -> bool:
        """Whether the step is wanted."""
        ...


def always(_task: object) -> bool:
    """Every task wants this step."""
    return True


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """One thing to do.

    `do` is safe to run again after a crash at any instant. Where it returns `Wait`
    or `Hold`, `resume` is called with the signal that ended the waiting. `undo`
    puts back what `do` did when a later step fails. `phase` numbers the stretch of
    work in ``states.PHASES`` that the step belongs to. A `quick` step is over in no
    time and changes nothing outside, so nobody needs to be told that it begins.
    """

    name: str
    do: Callable[[T], Outcome | None]
    resume: Callable[[T, Mapping[str, Any]], Outcome | None] | None = None
    undo: Callable[[T], None] | None = None
    when: Callable[[T], bool] = always
    phase: int = 0
    quick: bool = False


def _nothing(_task: object) -> None:
    """Nothing more is to be written."""


@dataclass(frozen=True, slots=True)
class Flow(Generic[T]):
    """An operation's kind, its steps, and what its success or failure writes on the node."""

    kind: str
    steps: tuple[Step[T], ...]
    on_success: Callable[[T], None] = _nothing
    on_failure: Callable[[T], None] = _nothing

    def find(self, name: str) -> Step[T]:
        """The step of that name.

        :raises NotSupported: the flow has none; a newer release began this operation.
        """
        for step in self.steps:
            if step.name == name:
                return step
        raise NotSupported(f"This release does not know the step '{name}' of {self.kind}.")
