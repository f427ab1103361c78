"""rescue and unrescue: a ramdisk to log in to, and back. active -> rescue -> active."""

from baremetal.conductor.flows.agent import (
    boot_ramdisk,
    judge_agent,
    leave_ramdisk,
    make_plan,
    wait_for_agent,
)
from baremetal.conductor.flows.deploy import boot_instance
from baremetal.conductor.task import NodeTask
from baremetal.domain.errors import NotSupported
from baremetal.domain.outcomes import Plan
from baremetal.engine.flow import Flow, Step


def _plan_or_none(task: NodeTask) -> Plan | None:
    return task.driver.rescue.rescue_plan(task.node)


def _by_agent(task: NodeTask) -> bool:
    return _plan_or_none(task) is not None


def _plan(task: NodeTask) -> Plan:
    plan = _plan_or_none(task)
    if plan is None:
        raise NotSupported(f"Node {task.node.title} has no rescue ramdisk.")
    return plan


def check(task: NodeTask) -> None:
    """Check that the driver can."""
    task.driver.rescue.validate(task.node)
    task.driver.power.validate(task.node)


RESCUE: Flow[NodeTask] = Flow(
    "rescue",
    (
        Step("check", check, quick=True),
        Step("plan_rescue", make_plan(_plan), when=_by_agent),
        Step("boot_agent", boot_ramdisk, undo=leave_ramdisk, when=_by_agent),
        Step("agent_rescue", wait_for_agent, resume=judge_agent, when=_by_agent),
    ),
)

UNRESCUE: Flow[NodeTask] = Flow(
    "unrescue", (Step("check", check, quick=True), Step("boot_instance", boot_instance))
)
