"""manage: is there a machine that we can drive? enroll -> manageable."""

from baremetal.conductor.task import NodeTask
from baremetal.drivers.interfaces.base import validate_all
from baremetal.engine.flow import Flow, Step


def check_power(task: NodeTask) -> None:
    """Read the power state with the node's own credentials."""
    validate_all(task.node, task.driver.power, task.driver.management)
    task.changes.update(power_state=task.driver.power.get_power_state(task.node))


FLOW: Flow[NodeTask] = Flow("verify", (Step("check_power", check_power),))
