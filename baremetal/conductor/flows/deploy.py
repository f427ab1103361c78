"""active and rebuild: get the image onto the machine and boot it. available -> active."""

from baremetal.conductor.flows.agent import by_agent, plan_steps
from baremetal.conductor.task import NodeTask
from baremetal.db.types import stamp
from baremetal.domain import states
from baremetal.domain.outcomes import Plan
from baremetal.drivers.interfaces.base import validate_all
from baremetal.engine.flow import Flow, Step


def check(task: NodeTask) -> None:
    """Check all that a deploy needs before anything is touched."""
    driver = task.driver
    validate_all(task.node, driver.power, driver.management, driver.boot, driver.deploy)
    if driver.deploy.instance_properties:
        driver.deploy.validate_instance(task.node)


def _plan(task: NodeTask) -> Plan:
    return task.driver.deploy.deploy_plan(task.node)


def boot_instance(task: NodeTask) -> None:
    """Let the machine boot what was written; it is power-cycled through off, so all is fresh."""
    node, driver = task.node, task.driver
    task.set_power(states.POWER_OFF)
    driver.boot.clean_up_ramdisk(node)
    driver.boot.prepare_instance(node)
    if driver.boot.ramdisk_device is not None:
        driver.management.set_boot_device(node, "disk", persistent=True)
    task.set_power(states.POWER_ON)
    task.changes.update(deployed_at=stamp(task.clock.now()), agent_token=None, agent_url=None)


def power_on(task: NodeTask) -> None:
    """Switch the machine on."""
    task.set_power(states.POWER_ON)
    task.changes.update(deployed_at=stamp(task.clock.now()))


def _not_by_agent(task: NodeTask) -> bool:
    return not by_agent(task)


_STEPS: tuple[Step[NodeTask], ...] = (
    Step("check", check, quick=True),
    *plan_steps(_plan, "deploy"),
    Step("boot_instance", boot_instance, when=by_agent),
    Step("power_on", power_on, when=_not_by_agent),
)

DEPLOY: Flow[NodeTask] = Flow("deploy", _STEPS)
REBUILD: Flow[NodeTask] = Flow("rebuild", _STEPS)
