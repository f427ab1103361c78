"""The steps that every flow with an agent shares: boot it, let it work, send it away.

The plan goes into the operation's scratch before the machine is powered on. The API
hands it to the agent on its heartbeat, and turns the agent's last report into the
signal that resumes the operation here.
"""

from collections.abc import Callable, Mapping
from typing import Any

from baremetal.conductor.task import NodeTask
from baremetal.domain import states
from baremetal.domain.autopsy import AGENT_FAILED, AGENT_SILENT, TIMEOUT
from baremetal.domain.errors import DriverError, NotSupported
from baremetal.domain.outcomes import Done, Hold, Outcome, Plan, Wait
from baremetal.drivers.deploy.steps import HOLD
from baremetal.engine.flow import Step

MakePlan = Callable[[NodeTask], Plan]


def boot_ramdisk(task: NodeTask) -> None:
    """Let the machine boot the agent's ramdisk, from power off, so that its state is known.

    Only a machine that is off cannot ask for the new token in the old one's place. What an
    agent has reported before is of no use: this one begins anew.
    """
    node, driver = task.node, task.driver
    task.set_power(states.POWER_OFF)
    task.operations.forget_agent(task.operation, task.clock.now())
    driver.boot.prepare_ramdisk(node)
    if driver.boot.ramdisk_device is not None:
        driver.management.set_boot_device(node, driver.boot.ramdisk_device)
    task.set_power(states.POWER_ON)


def leave_ramdisk(task: NodeTask) -> None:
    """Power the machine off and take back what its ramdisk booted from."""
    task.set_power(states.POWER_OFF)
    task.driver.boot.clean_up_ramdisk(task.node)
    task.operations.forget_agent(task.operation, task.clock.now())


def make_plan(make: MakePlan) -> Callable[[NodeTask], Outcome | None]:
    """A step that decides what is to be done, and keeps it."""

    def plan(task: NodeTask) -> Outcome | None:
        kept = task.plan_data()
        if kept is None:
            made = make(task)
            kept = made.as_data(task.clock.new_uuid(), task.settings.agent_report_interval)
            task.keep_plan(kept)
        return Done(", ".join(step["name"] for step in kept["steps"]))

    return plan


def wait_for_agent(task: NodeTask) -> Outcome:
    """Wait until the agent has carried out the plan; each report moves the deadline."""
    return Wait("the agent to report its plan done", task.settings.agent_boot_timeout)


def judge_agent(task: NodeTask, signal: Mapping[str, Any]) -> Outcome | None:
    """Go on if the agent succeeded.

    :raises DriverError: it failed, or it went silent.
    """
    if signal.get("timeout"):
        raise DriverError(
            f"The agent on node {task.node.title} was not heard of in time. "
            "Look at the machine's console, its boot device and the network it boots from.",
            cause=AGENT_SILENT,
        )
    if signal.get("plan") != task.scratch.get("plan"):
        return wait_for_agent(task)
    if signal.get("status") != "succeeded":
        reason = signal.get("error") or "no reason given"
        raise DriverError(
            f"The agent failed at '{signal.get('step')}': {reason}", cause=AGENT_FAILED
        )
    task.scratch["results"] = signal.get("results") or {}
    task.drop_plan()
    return Done(signal.get("message"))


def run_here(make: MakePlan) -> Callable[[NodeTask], Outcome | None]:
    """A step that carries out the plan from the conductor, for drivers that need no agent."""

    def run(task: NodeTask) -> Outcome | None:
        for number, step in enumerate(make(task).steps, start=1):
            if number <= task.scratch.get("ran", 0):
                continue
            if step.name != HOLD:
                task.driver.deploy.execute(task.node, step.name, step.args)
            task.scratch["ran"] = number
            if step.name == HOLD:
                return Hold()
        return None

    return run


def go_on_here(make: MakePlan) -> Callable[[NodeTask, Mapping[str, Any]], Outcome | None]:
    """How that step goes on after a hold."""
    run = run_here(make)

    def go_on(task: NodeTask, signal: Mapping[str, Any]) -> Outcome | None:
        if signal.get("timeout"):
            raise DriverError("Nobody said unhold before the hold's deadline.", cause=TIMEOUT)
        return run(task)

    return go_on


def by_agent(task: NodeTask) -> bool:
    """Whether an agent carries out the node's deploy and clean plans."""
    return "agent" in task.driver.deploy.capabilities


def not_by_agent(task: NodeTask) -> bool:
    """Whether the conductor does."""
    return not by_agent(task)


def plan_steps(
    make: MakePlan, kind: str, *, phase: int = 0, when: Callable[[NodeTask], bool] | None = None
) -> tuple[Step[NodeTask], ...]:
    """The steps from deciding what to do, to its being done, with or without an agent."""

    def wanted(condition: Callable[[NodeTask], bool]) -> Callable[[NodeTask], bool]:
        return lambda task: (when is None or when(task)) and condition(task)

    agent, here = wanted(by_agent), wanted(not_by_agent)
    return (
        Step(f"plan_{kind}", make_plan(make), phase=phase, when=agent),
        Step("boot_agent", boot_ramdisk, undo=leave_ramdisk, phase=phase, when=agent),
        Step(f"agent_{kind}", wait_for_agent, resume=judge_agent, phase=phase, when=agent),
        Step(f"run_{kind}", run_here(make), resume=go_on_here(make), phase=phase, when=here),
    )


def asked_steps(task: NodeTask, kind: str) -> Plan:
    """The plan of the steps that a request names.

    :raises NotSupported: the request names none.
    """
    steps = task.operation.params.get("steps")
    if not steps:
        raise NotSupported(f"A {kind} needs at least one step.")
    return task.driver.deploy.named_plan(task.node, kind, steps)
