"""Runs one claimed operation from where it stands to its end, or to its next wait."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from baremetal.clock import Clock
from baremetal.db.operations import (
    CancelRequested,
    Change,
    NodeChange,
    OperationStore,
    Progress,
)
from baremetal.db.types import moment, stamp
from baremetal.domain import operation as op
from baremetal.domain import states
from baremetal.domain.errors import BaremetalError, LeaseLost, NotSupported, Unavailable
from baremetal.domain.operation import Operation
from baremetal.domain.outcomes import Done, Hold, Outcome, Wait
from baremetal.domain.states import Phase
from baremetal.engine import autopsy
from baremetal.engine.flow import Flow, Step, Work
from baremetal.meters import METERS

LOG = logging.getLogger(__name__)

#: How an operation's own end reads on the node, by the way it was asked to stop.
_STOPPED = "The operation was stopped by {how} at step '{step}'."


class Runner:
    """Executes operations of the given flows.

    `open_task` gathers what an operation needs: its node, and its driver. Where it refuses for
    good (not `Unavailable`), the resource is a node.
    """

    def __init__(
        self,
        store: OperationStore,
        flows: Mapping[str, Flow[Any]],
        open_task: Callable[[Operation], Work],
        clock: Clock,
        hold_seconds: float,
    ) -> None:
        """Run `flows` on operations of `store`."""
        self._store = store
        self._flows = flows
        self._open_task = open_task
        self._clock = clock
        self._hold_seconds = hold_seconds

    def run(self, operation: Operation) -> None:
        """Go on with the operation; nothing is raised, the outcome is in the database.

        Where the database does not answer, the lease runs out and a sweep finds the rest.
        """
        try:
            self._begin(operation).go()
        except LeaseLost as lost:
            LOG.warning("%s", lost.message)
        except BaremetalError as error:
            LOG.warning("Operation %s rests: %s", operation.uuid, error.message)
        except Exception:
            LOG.exception("Operation %s (%s) rests", operation.uuid, operation.kind)

    def _begin(self, operation: Operation) -> "_Run":
        """The operation with its node and driver at hand.

        :raises BaremetalError: something for it is not here, such as its driver.
        """
        try:
            return _Run(self, operation)
        except Unavailable:
            raise
        except BaremetalError as error:
            if operation.cancel_requested:
                self._abandon(operation, error)
            raise

    def _abandon(self, operation: Operation, error: BaremetalError) -> None:
        """End an operation without its driver, because a person wants it to end."""
        steps, phases = operation.steps, states.PHASES.get(operation.kind, ())
        phase = _phase_at(self._flows[operation.kind], phases, steps or None, operation.cursor)
        values: dict[str, Any] = {"last_error": error.message, "target_power_state": None}
        if phase is not None:
            values["provision_state"] = phase.failure
        self._store.finish(
            operation,
            op.CANCELLED,
            Progress(operation.cursor, None, steps, scratch=operation.scratch),
            NodeChange(operation.resource_uuid, values),
            error.message,
            self._clock.now(),
            autopsy.of_no_driver(operation, error.message, self._clock.now()),
        )


def _phase_at(
    flow: Flow[Any],
    phases: Sequence[Phase],
    steps: Sequence[Mapping[str, Any]] | None,
    cursor: int,
) -> Phase | None:
    """The stretch of work that the step at `cursor` belongs to; `steps` None: before all."""
    if not phases:
        return None
    if steps is not None and cursor >= len(steps):
        return phases[-1]
    if steps is None:
        return phases[0]
    step = flow.by_name.get(steps[cursor]["name"])
    return phases[step.phase if step is not None else 0]


class _Run:
    """One run: the state that its methods share."""

    def __init__(self, runner: Runner, operation: Operation) -> None:
        self._store = runner._store  # noqa: SLF001 - one piece in two classes
        self._clock = runner._clock  # noqa: SLF001
        self._hold_seconds = runner._hold_seconds  # noqa: SLF001
        self._flow = runner._flows[operation.kind]  # noqa: SLF001
        self._operation = operation
        self._task = runner._open_task(operation)  # noqa: SLF001
        self._steps: list[dict[str, Any]] = [dict(step) for step in operation.steps]
        self._cursor = operation.cursor
        self._begun = bool(self._steps)
        self._consumed: Mapping[str, Any] | None = None

    def go(self) -> None:
        """Run to the end or to a wait."""
        try:
            self._list_steps()
            if self._operation.cancel_requested:
                raise CancelRequested(self._operation.cancel_requested)
            while self._cursor < len(self._steps):
                if not self._run_step(self._step_at(self._record["name"])):
                    return
                self._cursor += 1
        except CancelRequested as request:
            self._fail(op.CANCELLED, _STOPPED.format(how=request.how, step=self._step_name), None)
        except (LeaseLost, Unavailable):
            raise
        except BaremetalError as error:
            self._fail(op.FAILED, f"{self._step_name}: {error.message}", error)
        except Exception as error:
            LOG.exception("Operation %s: step %s", self._operation.uuid, self._step_name)
            name = type(error).__name__
            self._fail(op.FAILED, f"{self._step_name}: internal error, {name}; see the log.", error)
        else:
            self._succeed()

    def _list_steps(self) -> None:
        """Decide once which of the flow's steps this operation has."""
        if not self._begun:
            wanted = [
                step.name for step in self._flow.steps if step.when is None or step.when(self._task)
            ]
            self._steps = [{"name": name, "state": "pending"} for name in wanted]
            self._begun = True

    # -- one step ------------------------------------------------------------

    def _step_at(self, name: str) -> Step[Any]:
        step = self._flow.by_name.get(name)
        if step is None:
            raise NotSupported(
                f"This release does not know the step '{name}' of {self._flow.kind}."
            )
        return step

    @property
    def _record(self) -> dict[str, Any]:
        return self._steps[self._cursor]

    @property
    def _step_name(self) -> str:
        if not self._begun:
            return "start"
        return str(self._record["name"]) if self._cursor < len(self._steps) else "finish"

    @property
    def _phase(self) -> Phase | None:
        steps = self._steps if self._begun else None
        return _phase_at(self._flow, self._task.phases, steps, self._cursor)

    def _run_step(self, step: Step[Any]) -> bool:
        """Whether the run may go on to the next step at once."""
        signal = self._operation.signal
        # A step that was cut off while it dealt with a signal deals with it again.
        resumed = self._record.get("waited", False)
        self._enter(step)
        outcome: Outcome | None
        if resumed and step.resume is not None and signal is not None:
            outcome = step.resume(self._task, signal)
            self._consumed = signal
        else:
            outcome = step.do(self._task)
        if isinstance(outcome, Wait | Hold):
            self._suspend(outcome)
            return False
        note = outcome.note if isinstance(outcome, Done) else None
        self._mark("done", note)
        return True

    def _enter(self, step: Step[Any]) -> None:
        before = dict(self._record)
        self._mark("running")
        if self._phase is not None and self._task.state != self._phase.during:
            self._task.changes.update(provision_state=self._phase.during)
        if step.quick and self._cursor == 0 and not self._task.changes:
            # Nothing is done yet that a crash could lose.
            return
        try:
            self._store.checkpoint(
                self._operation, self._progress(), self._take_change(), self._clock.now()
            )
        except CancelRequested:
            # A step that was never entered is not to be undone.
            self._steps[self._cursor] = before
            raise
        LOG.info(
            "operation %s %s %s %s step %s",
            self._operation.uuid,
            self._operation.kind,
            self._operation.resource_type,
            self._operation.resource_uuid,
            step.name,
        )

    def _suspend(self, outcome: Wait | Hold) -> None:
        self._mark("waiting")
        self._record.update(waited=True, waiting_since=stamp(self._clock.now()))
        phase = self._phase
        seconds = outcome.seconds if isinstance(outcome, Wait) else self._hold_seconds
        if phase is not None:
            state = phase.hold if isinstance(outcome, Hold) else phase.waiting
            self._task.changes.update(provision_state=state or phase.during)
        change = self._take_change() or self._task.change({})
        deadline = self._clock.after(seconds)
        self._store.suspend(
            self._operation, self._progress(), change, outcome.what, deadline, self._clock.now()
        )

    def _mark(self, state: str, message: str | None = None) -> None:
        record = self._record
        record["state"] = state
        at = self._clock.now()
        now = stamp(at)
        since = record.pop("waiting_since", None)
        if since is not None:
            waited = (at - moment(since)).total_seconds()
            record["waited_seconds"] = round(record.get("waited_seconds", 0) + waited, 3)
        if state == "running":
            record.setdefault("started_at", now)
        elif state != "waiting":
            record["finished_at"] = now
        if message:
            record["message"] = message

    # -- the end -------------------------------------------------------------

    def _succeed(self) -> None:
        if self._phase is not None:
            self._task.changes.update(
                provision_state=self._phase.success, target_provision_state=None, last_error=None
            )
        if self._flow.on_success is not None:
            self._flow.on_success(self._task)
        self._end(op.SUCCEEDED, None)

    def _fail(self, state: str, error: str, raised: Exception | None) -> None:
        phase, now = self._phase, self._clock.now()
        begun = self._cursor < len(self._steps) and self._record["state"] != "pending"
        if begun:
            self._mark("failed")
        found = autopsy.examine(self._task, raised, error, self._step_name, self._steps, now)
        error = found["message"]  # from here on without secrets
        if begun:
            self._record["message"] = error
        # What looks like a failure may come of a long sleep, and another has gone on since.
        self._store.confirm(self._operation, now)
        self._undo()
        if phase is not None:
            self._task.changes.update(provision_state=phase.failure)
        self._task.changes.update(last_error=error)
        if self._flow.on_failure is not None:
            self._flow.on_failure(self._task)
        LOG.warning(
            "operation %s %s %s %s %s (%s): %s",
            self._operation.uuid,
            self._operation.kind,
            self._operation.resource_type,
            self._operation.resource_uuid,
            state,
            found["cause"],
            error,
        )
        self._end(state, error, found)

    def _undo(self) -> None:
        """Undo what was done, last first; a failing undo is noted and the rest goes on."""
        for record in reversed(self._steps[: self._cursor + 1]):
            step = self._flow.by_name.get(record["name"])
            if step is None or step.undo is None or record["state"] not in ("done", "failed"):
                continue
            try:
                step.undo(self._task)
            except (LeaseLost, Unavailable):
                raise
            except Exception as error:
                reason = error.message if isinstance(error, BaremetalError) else repr(error)
                record["message"] = f"undo failed: {reason}"
                LOG.warning(
                    "operation %s: undo of %s: %s",
                    self._operation.uuid,
                    step.name,
                    reason,
                    exc_info=not isinstance(error, BaremetalError),
                )
            else:
                record["state"] = "undone" if record["state"] == "done" else record["state"]

    def _end(self, state: str, error: str | None, found: Mapping[str, Any] | None = None) -> None:
        change = self._take_change() or self._task.change({})
        now = self._clock.now()
        self._store.finish(self._operation, state, self._progress(), change, error, now, found)
        with METERS.ended.lock:
            METERS.ended[self._operation.kind, state, found["cause"] if found else ""] += 1

    # -- what is written -----------------------------------------------------

    def _progress(self) -> Progress:
        done = sum(1 for record in self._steps if record["state"] == "done")
        return Progress(
            cursor=self._cursor,
            step=self._step_name if self._cursor < len(self._steps) else None,
            steps=self._steps,
            percent=100 * done // len(self._steps) if self._steps else 100,
            scratch=self._task.scratch,
            consumed=self._consumed,
        )

    def _take_change(self) -> Change | None:
        values, self._task.changes = self._task.changes, {}
        return self._task.change(values) if values else None
