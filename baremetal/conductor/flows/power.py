"""power: switch a machine, whatever else its state is."""

from baremetal.conductor.task import NodeTask
from baremetal.domain import states
from baremetal.domain.errors import NotSupported
from baremetal.engine.flow import Flow, Step


def switch(task: NodeTask) -> None:
    """Bring the machine to the state asked for. A reboot of a machine that is off turns it on."""
    target = str(task.operation.params["target"])
    if target in (states.REBOOT, states.SOFT_REBOOT):
        now = task.driver.power.get_power_state(task.node)
        target = target if now == states.POWER_ON else states.POWER_ON
    supported = task.driver.power.supported_power_states(task.node)
    if target not in supported:
        raise NotSupported(
            f"Node {task.node.title} does not support {target}, only: {', '.join(supported)}."
        )
    task.set_power(target, task.operation.params.get("timeout"))


def settle(task: NodeTask) -> None:
    """The target is reached, or given up."""
    task.changes.update(target_power_state=None, last_error=None)


def give_up(task: NodeTask) -> None:
    """Drop the target; the error stays on the node."""
    task.changes.update(target_power_state=None)


FLOW: Flow[NodeTask] = Flow(
    "power", (Step("switch", switch),), on_success=settle, on_failure=give_up
)
