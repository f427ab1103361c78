"""deleted: take the machine back from its user. active -> available, cleaned on the way."""

from baremetal.conductor.flows.agent import leave_ramdisk, plan_steps
from baremetal.conductor.flows.clean import automated, automated_by_agent, clean_plan
from baremetal.conductor.task import NodeTask
from baremetal.domain import states
from baremetal.engine.flow import Flow, Step


def tear_down(task: NodeTask) -> None:
    """Power the machine off, and forget its user."""
    task.set_power(states.POWER_OFF)
    task.driver.boot.clean_up_ramdisk(task.node)
    task.driver.boot.clean_up_instance(task.node)
    task.changes.update(
        **task.nodes.without_instance(task.node),
        instance_uuid=None,
        instance_name=None,
        allocation_uuid=None,
        agent_token=None,
        agent_url=None,
    )


def retire(task: NodeTask) -> None:
    """A retired machine does not become available again."""
    if task.node.retired:
        task.changes.update(provision_state=states.MANAGEABLE)


FLOW: Flow[NodeTask] = Flow(
    "undeploy",
    (
        Step("tear_down", tear_down),
        *plan_steps(clean_plan, "clean", phase=1, when=automated),
        Step("leave_agent", leave_ramdisk, when=automated_by_agent, phase=1),
    ),
    on_success=retire,
)
