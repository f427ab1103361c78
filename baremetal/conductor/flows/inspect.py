"""inspect: what is the machine made of? manageable -> manageable, wiser."""

from collections.abc import Mapping
from typing import Any

from baremetal.conductor.flows.agent import (
    boot_ramdisk,
    judge_agent,
    leave_ramdisk,
    make_plan,
    wait_for_agent,
)
from baremetal.conductor.inventory import properties_of
from baremetal.conductor.task import NodeTask
from baremetal.db.inventories import save_inventory
from baremetal.db.types import stamp
from baremetal.domain.errors import NotSupported
from baremetal.domain.outcomes import Done, Outcome, Plan
from baremetal.engine.flow import Flow, Step


def _by_agent(task: NodeTask) -> bool:
    return "agent" in task.driver.inspect.capabilities


def _not_by_agent(task: NodeTask) -> bool:
    return not _by_agent(task)


def _plan(task: NodeTask) -> Plan:
    plan = task.driver.inspect.inspect_plan(task.node)
    if plan is None:
        raise NotSupported(f"Node {task.node.title} has no way to be inspected.")
    return plan


def begin(task: NodeTask) -> None:
    """Check that the driver can, and note the time."""
    task.driver.inspect.validate(task.node)
    task.changes.update(inspection_started_at=stamp(task.clock.now()), inspection_finished_at=None)


def look(task: NodeTask) -> None:
    """Ask the driver itself."""
    task.scratch["results"] = {"inventory": dict(task.driver.inspect.inventory(task.node))}


def keep(task: NodeTask) -> Outcome:
    """Store the inventory, and what a scheduler needs of it in the node's properties."""
    inventory: Mapping[str, Any] = task.scratch.get("results", {}).get("inventory") or {}
    found = properties_of(inventory)
    save_inventory(task.nodes.db, task.node.uuid, inventory, task.clock.now())
    task.changes.update(
        properties={**task.node.properties, **found},
        inspection_finished_at=stamp(task.clock.now()),
    )
    return Done(", ".join(f"{key} {value}" for key, value in found.items()))


FLOW: Flow[NodeTask] = Flow(
    "inspect",
    (
        Step("begin", begin),
        Step("plan_inspect", make_plan(_plan), when=_by_agent),
        Step("boot_agent", boot_ramdisk, undo=leave_ramdisk, when=_by_agent),
        Step("agent_inspect", wait_for_agent, resume=judge_agent, when=_by_agent),
        Step("look", look, when=_not_by_agent),
        Step("keep", keep),
        Step("leave_agent", leave_ramdisk, when=_by_agent),
    ),
)
