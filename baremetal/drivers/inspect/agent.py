"""Inspection by an agent in a ramdisk."""

from baremetal.domain.node import Node
from baremetal.domain.outcomes import Plan, PlanStep
from baremetal.drivers.interfaces import InspectInterface


class AgentInspect(InspectInterface):
    """The agent reports what it finds."""

    capabilities = frozenset({"agent"})

    def inspect_plan(self, node: Node) -> Plan | None:
        """One step: the inventory."""
        return Plan("inspect", (PlanStep("inventory"),))
