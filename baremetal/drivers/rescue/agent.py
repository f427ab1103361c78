"""Rescue by the agent's ramdisk."""

from baremetal.domain.node import Node
from baremetal.domain.outcomes import Plan, PlanStep
from baremetal.drivers.interfaces import RescueInterface


class AgentRescue(RescueInterface):
    """The agent sets a password, and stays up."""

    def rescue_plan(self, node: Node) -> Plan | None:
        """One step, which finalizes the rescue."""
        password = node.instance_info.get("rescue_password")
        return Plan("rescue", (PlanStep("finalize_rescue", {"rescue_password": password}),))
