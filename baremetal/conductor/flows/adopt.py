"""adopt: take over a machine that runs already. manageable -> active, untouched."""

from baremetal.conductor.task import NodeTask
from baremetal.drivers.interfaces.base import validate_all
from baremetal.engine.flow import Flow, Step


def look(task: NodeTask) -> None:
    """Check what a later rebuild will need, and read the power state."""
    driver = task.driver
    validate_all(task.node, driver.power, driver.management, driver.boot)
    if driver.deploy.instance_properties:
        driver.deploy.validate_instance(task.node)
    task.changes.update(power_state=task.driver.power.get_power_state(task.node))


FLOW: Flow[NodeTask] = Flow("adopt", (Step("look", look),))
