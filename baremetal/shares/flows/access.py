"""access: all that is pending of a share's rules is put in force, or out of it, at once."""

from collections.abc import Iterator, Sequence
from typing import Any, overload

from baremetal.db.share_access import Applied
from baremetal.db.share_changes import APPLIED
from baremetal.domain import share as sh
from baremetal.domain.errors import NotFound
from baremetal.drivers.interfaces.export import AccessOutcome, Rule
from baremetal.engine.flow import Flow, Step
from baremetal.shares.backends import Backend
from baremetal.shares.task import ShareTask

Row = dict[str, Any]
#: Of so many rules at most users are told why they were refused.
_TOLD = 10


class StandingRules(Sequence[Rule]):
    """All rules that are to be in force; they are read when somebody looks.

    Few drivers do, where they are told what is new: a share may have ten thousand.
    """

    def __init__(self, task: ShareTask) -> None:
        """Those of the share of `task`."""
        self._task = task
        self._read: list[Rule] | None = None

    @overload
    def __getitem__(self, index: int) -> Rule: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Rule]: ...
    def __getitem__(self, index: Any) -> Any:
        """As a sequence has it."""
        return self._rules[index]

    def __len__(self) -> int:
        """As a sequence has it."""
        return len(self._rules)

    def __iter__(self) -> Iterator[Rule]:
        """As a sequence has it."""
        return iter(self._rules)

    @property
    def _rules(self) -> list[Rule]:
        if self._read is None:
            states = (sh.ACTIVE, sh.APPLYING)
            found = self._task.access.of(self._task.there["uuid"], states)
            self._read = [rule_of(row) for row in found]
        return self._read


def rule_of(row: Row) -> Rule:
    """A rule as drivers know it."""
    return Rule(row["uuid"], row["access_type"], row["access_to"], row["access_level"])


def apply(task: ShareTask) -> None:
    """Let the server know what is new."""
    if task.row is None:
        return
    with task.alone() as backend:
        add, drop = task.access.pending(task.there["uuid"], task.clock.now())
        task.scratch["pending"] = [row["uuid"] for row in (*add, *drop)]
        outcome = _updated(task, backend, add, drop) if add or drop else AccessOutcome()
    del task.scratch["pending"]
    # Among the refused may be some that were in force until others came.
    refused = outcome.refused
    why = [f"Rule {uuid} is not in force: {reason}" for uuid, reason in refused.items()]
    task.changes[APPLIED] = Applied(
        active=[row["uuid"] for row in add if row["uuid"] not in refused],
        gone=[row["uuid"] for row in drop],
        failed=list(refused),
        keys=outcome.keys,
        why=" ".join(why[:_TOLD]),
    )


def _updated(task: ShareTask, backend: Backend, add: list[Row], drop: list[Row]) -> AccessOutcome:
    rules, new = StandingRules(task), [rule_of(row) for row in add]
    try:
        return backend.export.update_access(task.share, rules, new, [rule_of(row) for row in drop])
    except NotFound:
        # The server has lost it: let it have all anew.
        return opened(task, backend)


def opened(task: ShareTask, backend: Backend) -> AccessOutcome:
    """Export the share anew with all its rules."""
    backend.export.ensure(task.share, backend.storage.ensure(task.share))
    return backend.export.update_access(task.share, StandingRules(task))


def failed(task: ShareTask) -> None:
    """Say of those that were to be put in force, or out of it, that they are not."""
    pending = task.scratch.pop("pending", None)
    if pending is None and task.row is not None:
        # It was stopped before it had looked.
        add, drop = task.access.pending(task.row["uuid"], task.clock.now())
        pending = [row["uuid"] for row in (*add, *drop)]
    task.changes[APPLIED] = Applied(failed=pending or ())


FLOW: Flow[ShareTask] = Flow(sh.ACCESS, (Step("apply", apply),), on_failure=failed)
