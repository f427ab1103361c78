"""Runs one claimed operation from where it stands to its end, or to its next wait."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from baremetal.clock import Clock
from baremetal.db.operations import CancelRequested, NodeChange, OperationStore, Progress
from baremetal.db.types import stamp
from baremetal.domain import operation as op
from baremetal.domain.errors import BaremetalError, LeaseLost, Unavailable
from baremetal.domain.operation import Operation
from baremetal.domain.outcomes import Done, Hold, Outcome, Wait
from baremetal.domain.states import Phase
from baremetal.engine.flow import Flow, Step, Task

LOG = logging.getLogger(__name__)

#: How an operation's own end reads on the node, by the way it was asked to stop.
_STOPPED = "The operation was stopped by {how} at step '{step}'."


class Runner:
    """Executes operations of the given flows.

    `open_task` reads the node and composes its driver for an operation.
    """

    def __init__(
        self,
        store: OperationStore,
        flows: Mapping[str, Flow[Any]],
        open_task: Callable[[Operation], Task],
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
            _Run(self, operation).go()
        except LeaseLost as lost:
            LOG.warning("%s", lost.message)
        except Unavailable as error:
            LOG.warning("Operation %s rests: %s", operation.uuid, error.message)
        except Exception:
            LOG.exception("Operation %s (%s) rests", operation.uuid, operation.kind)


class _Run:
    """One run: the state that its methods share."""

    def __init__(self, runner: Runner, operation: Operation) -> None:
        self._store = runner._store  # noqa: SLF001 - one piece in two classes
        self._clock = runner._clock  # noqa: SLF001
        self._hold_seconds = runner._hold_seconds  # noqa: SLF001
        self._flow = runner._flows[operation.kind]  # noqa: SLF001
        self._operation = operation
        self._task = runner._open_task(operation)  # noqa: SLF001
        self._provision_state = self._task.node.provision_state
        self._power_state = self._task.node.power_state
        self._steps: list[dict[str, Any]] = [dict(step) for step in operation.steps]
        self._cursor = operation.cursor

    def go(self) -> None:
        """Run to the end or to a wait."""
        if not self._steps:
            self._steps = [
                {"name": step.name, "state": "pending"}
                for step in self._flow.steps
                if step.when(self._task)
            ]
        try:
            if self._operation.cancel_requested:
                raise CancelRequested(self._operation.cancel_requested)
            while self._cursor < len(self._steps):
                if not self._run_step(self._flow.find(self._record["name"])):
                    return
                self._cursor += 1
        except CancelRequested as request:
            self._fail(op.CANCELLED, _STOPPED.format(how=request.how, step=self._step_name))
        except (LeaseLost, Unavailable):
            raise
        except BaremetalError as error:
            self._fail(op.FAILED, f"{self._step_name}: {error.message}")
        except Exception as error:
            LOG.exception("Operation %s: step %s", self._operation.uuid, self._step_name)
            name = type(error).__name__
            self._fail(op.FAILED, f"{self._step_name}: internal error, {name}; see the log.")
        else:
            self._succeed()

    # -- one step ------------------------------------------------------------

    @property
    def _record(self) -> dict[str, Any]:
        return self._steps[self._cursor]

    @property
    def _step_name(self) -> str:
        return str(self._record["name"]) if self._cursor < len(self._steps) else "finish"

    @property
    def _phase(self) -> Phase | None:
        if not self._task.phases:
            return None
        if self._cursor >= len(self._steps):
            return self._task.phases[-1]
        return self._task.phases[self._flow.find(self._record["name"]).phase]

    def _run_step(self, step: Step[Any]) -> bool:
        """Whether the run may go on to the next step at once."""
        signal = self._operation.signal
        resumed = self._record["state"] == "waiting" and signal is not None
        self._enter(step)
        outcome: Outcome | None
        if resumed and step.resume is not None and signal is not None:
            outcome = step.resume(self._task, signal)
        else:
            outcome = step.do(self._task)
        if isinstance(outcome, Wait | Hold):
            self._suspend(outcome)
            return False
        note = outcome.note if isinstance(outcome, Done) else None
        self._mark("done", note)
        return True

    def _enter(self, step: Step[Any]) -> None:
        self._mark("running")
        if self._phase is not None and self._provision_state != self._phase.during:
            self._task.change(provision_state=self._phase.during)
        if step.quick and self._cursor == 0 and not self._task.changes:
            # Nothing is done yet that a crash could lose.
            return
        self._store.checkpoint(
            self._operation, self._progress(), self._take_change(), self._clock.now()
        )
        if self._operation.signal is not None:
            self._operation = replace(self._operation, signal=None)
        LOG.info(
            "operation %s %s node %s step %s",
            self._operation.uuid,
            self._operation.kind,
            self._operation.resource_uuid,
            step.name,
        )

    def _suspend(self, outcome: Wait | Hold) -> None:
        self._mark("waiting")
        phase = self._phase
        seconds = outcome.seconds if isinstance(outcome, Wait) else self._hold_seconds
        if phase is not None:
            state = phase.hold if isinstance(outcome, Hold) else phase.waiting
            self._task.change(provision_state=state or phase.during)
        change = self._take_change() or self._change({})
        deadline = self._clock.after(seconds)
        self._store.suspend(
            self._operation, self._progress(), change, outcome.what, deadline, self._clock.now()
        )

    def _mark(self, state: str, message: str | None = None) -> None:
        record = self._record
        record["state"] = state
        now = stamp(self._clock.now())
        if state == "running":
            record.setdefault("started_at", now)
        elif state != "waiting":
            record["finished_at"] = now
        if message:
            record["message"] = message

    # -- the end -------------------------------------------------------------

    def _succeed(self) -> None:
        if self._phase is not None:
            self._task.change(
                provision_state=self._phase.success, target_provision_state=None, last_error=None
            )
        self._flow.on_success(self._task)
        self._end(op.SUCCEEDED, None)

    def _fail(self, state: str, error: str) -> None:
        phase = self._phase
        if self._cursor < len(self._steps):
            self._mark("failed", error)
        self._undo()
        if phase is not None:
            self._task.change(provision_state=phase.failure)
        self._task.change(last_error=error)
        self._flow.on_failure(self._task)
        LOG.warning(
            "operation %s %s node %s %s: %s",
            self._operation.uuid,
            self._operation.kind,
            self._operation.resource_uuid,
            state,
            error,
        )
        self._end(state, error)

    def _undo(self) -> None:
        """Undo what was done, last first; a failing undo is noted and the rest goes on."""
        for record in reversed(self._steps[: self._cursor + 1]):
            step = self._flow.find(record["name"])
            if step.undo is None or record["state"] not in ("done", "failed"):
                continue
            try:
                step.undo(self._task)
            except BaremetalError as error:
                record["message"] = f"undo failed: {error.message}"
                LOG.warning("operation %s: undo of %s: %s", self._operation.uuid, step.name, error)
            else:
                record["state"] = "undone" if record["state"] == "done" else record["state"]

    def _end(self, state: str, error: str | None) -> None:
        change = self._take_change() or self._change({})
        self._store.finish(
            self._operation, state, self._progress(), change, error, self._clock.now()
        )

    # -- what is written -----------------------------------------------------

    def _progress(self) -> Progress:
        done = sum(1 for record in self._steps if record["state"] == "done")
        return Progress(
            cursor=self._cursor,
            step=self._step_name if self._cursor < len(self._steps) else None,
            steps=self._steps,
            percent=100 * done // len(self._steps) if self._steps else 100,
            scratch=self._task.scratch,
        )

    def _take_change(self) -> NodeChange | None:
        values, self._task.changes = self._task.changes, {}
        return self._change(values) if values else None

    def _change(self, values: Mapping[str, Any]) -> NodeChange:
        change = NodeChange(
            self._task.node.uuid,
            values,
            self._task.node.name,
            self._provision_state,
            self._power_state,
        )
        self._provision_state = values.get("provision_state", self._provision_state)
        self._power_state = values.get("power_state", self._power_state)
        return change
