"""adopt: take over a machine that runs already. manageable -> active, untouched."""

from baremetal.conductor.task import NodeTask
from baremetal.engine.flow import Flow, Step


def look(task: NodeTask) -> None:
    """Check what a later rebuild will need, and read the power state."""
    task.driver.power.validate(task.node)
    task.driver.management.validate(task.node)
    task.driver.boot.validate(task.node)
    task.driver.deploy.validate_instance(task.node)
    task.change(power_state=task.driver.power.get_power_state(task.node))


FLOW: Flow[NodeTask] = Flow("adopt", (Step("look", look),))
