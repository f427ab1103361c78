"""service: steps on a machine that is in use. active -> active."""

from baremetal.conductor.flows.agent import asked_steps, by_agent, plan_steps
from baremetal.conductor.flows.clean import check
from baremetal.conductor.flows.deploy import boot_instance
from baremetal.conductor.task import NodeTask
from baremetal.domain.outcomes import Plan
from baremetal.engine.flow import Flow, Step


def _asked(task: NodeTask) -> Plan:
    return asked_steps(task, "service")


FLOW: Flow[NodeTask] = Flow(
    "service",
    (
        Step("check", check, quick=True),
        *plan_steps(_asked, "service"),
        Step("boot_instance", boot_instance, when=by_agent),
    ),
)
