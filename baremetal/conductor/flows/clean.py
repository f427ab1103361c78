"""provide and clean: make a machine fit for its next user.

provide: manageable -> available, by the driver's own plan.
clean: manageable -> manageable, by the steps that an operator names.
"""

from baremetal.conductor.flows.agent import asked_steps, by_agent, leave_ramdisk, plan_steps
from baremetal.conductor.task import NodeTask
from baremetal.domain.outcomes import Plan
from baremetal.drivers.interfaces.base import validate_all
from baremetal.engine.flow import Flow, Step


def automated(task: NodeTask) -> bool:
    """Whether the node is to be cleaned without being asked."""
    return task.automated_clean


def automated_by_agent(task: NodeTask) -> bool:
    """Whether an agent does that."""
    return automated(task) and by_agent(task)


def clean_plan(task: NodeTask) -> Plan:
    """The driver's plan for automated cleaning."""
    return task.driver.deploy.clean_plan(task.node)


def _asked(task: NodeTask) -> Plan:
    return asked_steps(task, "clean")


def check(task: NodeTask) -> None:
    """Check that the machine can be driven at all."""
    validate_all(task.node, task.driver.power, task.driver.deploy)


PROVIDE: Flow[NodeTask] = Flow(
    "provide",
    (
        Step("check", check, when=automated, quick=True),
        *plan_steps(clean_plan, "clean", when=automated),
        Step("leave_agent", leave_ramdisk, when=automated_by_agent),
    ),
)

CLEAN: Flow[NodeTask] = Flow(
    "clean",
    (
        Step("check", check, quick=True),
        *plan_steps(_asked, "clean"),
        Step("leave_agent", leave_ramdisk, when=by_agent),
    ),
)
