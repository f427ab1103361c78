"""One life of the agent: found by its machine's addresses, one plan after another, until power-off.

When all goes well it says two things: a lookup, whose answer has its token, and a heartbeat, whose
answer has the whole plan; then it works, and its reports are news, not questions.
"""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from baremetal.agent.api import Api, Found, Refused, Stale, Unanswered
from baremetal.agent.failure import PlanDropped, StepFailed
from baremetal.agent.plan import MalformedPlan, Plan, Progress, read_plan
from baremetal.agent.steps import Standing, Steps

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 15.0
#: Heartbeats in the time after which an agent is taken for dead.
_HEARTBEATS: Final = 4.0
_PORT: Final = 9999

Say = Callable[[str], None]


class Life:
    """An agent; `run` returns only when its time is over."""

    def __init__(
        self,
        api: Api,
        steps: Steps,
        address: str,
        say: Say,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Act for the machine that `steps` work on, whose address is `address`."""
        self._api = api
        self._steps = steps
        self._callback = f"http://{address}:{_PORT}"
        self._say = say
        self._sleep = sleep
        self._done: Progress | None = None

    def run(self) -> None:
        """Look the machine up, and do what is asked of it."""
        macs = self._steps.hardware.macs()
        found = self._look_up(macs)
        self._say(f"this machine is node {found.node}")
        try:
            self._serve(found)
        except Refused as reason:
            self._say(str(reason))

    def _look_up(self, macs: list[str]) -> Found:
        for pause in _pauses():
            try:
                return self._api.look_up(macs)
            except Unanswered as reason:
                self._say(f"lookup: {reason}; again in {pause:g} s")
                self._sleep(pause)
        raise AssertionError

    def _serve(self, found: Found) -> None:
        pauses = _pauses()
        while True:
            plan = self._next_plan(found)
            if plan is None:
                # Soon at first: the plan may be on its way.
                self._sleep(min(next(pauses), found.silence / _HEARTBEATS))
                continue
            if self._done is None or self._done.plan.uuid != plan.uuid:
                self._done = self._carry_out(plan, found)
            # Else the API has lost the outcome; the work itself is done once only.
            self._report_end(self._done, found)

    def _next_plan(self, found: Found) -> Plan | None:
        document = self._insist(lambda: self._api.heartbeat(found, self._callback))
        if document is None:
            return None
        try:
            return read_plan(document)
        except MalformedPlan as error:
            self._say(str(error))
            return None

    def _carry_out(self, plan: Plan, found: Found) -> Progress:
        progress = Progress(plan)
        over = threading.Event()
        reports = threading.Thread(target=self._report, args=(progress, found, over), daemon=True)
        reports.start()
        try:
            self._do_steps(progress)
        except PlanDropped:
            progress.error = "nobody waited for the plan any more"
            progress.status = "failed"
        except StepFailed as failure:
            progress.error = str(failure)
            progress.status = "failed"
            self._say(f"{progress.step} failed: {failure}")
        else:
            progress.status = "succeeded"
        finally:
            over.set()
            reports.join()
        return progress

    def _do_steps(self, progress: Progress) -> None:
        steps = progress.plan.steps
        # A plan that cannot end is not begun.
        for index, (name, args) in enumerate(steps):
            progress.index = index
            self._steps.check(name, args)
        for index, (name, args) in enumerate(steps):
            progress.index = index
            if progress.dropped.is_set():
                raise PlanDropped
            progress.standing = Standing()
            self._say(f"step {name}")
            result = self._steps.run(name, args, progress.standing)
            if result is not None:
                progress.results[name] = result

    def _report(self, progress: Progress, found: Found, over: threading.Event) -> None:
        while not over.wait(progress.plan.report_seconds):
            try:
                self._api.heartbeat(found, self._callback, progress.report())
            except (Refused, Stale):
                progress.dropped.set()
                return
            except Unanswered as reason:
                self._say(f"report: {reason}")

    def _report_end(self, progress: Progress, found: Found) -> None:
        try:
            self._insist(lambda: self._api.heartbeat(found, self._callback, progress.report()))
        except Stale:
            self._say("nobody waits for the plan's outcome any more")

    def _insist(self, call: Callable[[], Any]) -> Any:
        for pause in _pauses():
            try:
                return call()
            except Unanswered as reason:
                self._say(f"{reason}; again in {pause:g} s")
                self._sleep(pause)
        raise AssertionError


def _pauses() -> Iterator[float]:
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 2, _LONGEST_PAUSE)
