"""manage: is there a machine that we can drive? enroll -> manageable."""

from baremetal.conductor.task import NodeTask
from baremetal.engine.flow import Flow, Step


def check_power(task: NodeTask) -> None:
    """Read the power state with the node's own credentials."""
    task.driver.power.validate(task.node)
    task.driver.management.validate(task.node)
    task.change(power_state=task.driver.power.get_power_state(task.node))


FLOW: Flow[NodeTask] = Flow("verify", (Step("check_power", check_power),))
