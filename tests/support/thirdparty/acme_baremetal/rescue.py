"""Rescue of ACME machines."""

from baremetal.domain.node import Node
from baremetal.domain.outcomes import Plan
from baremetal.drivers.interfaces import RescueInterface

from .machine import PROPERTIES


class AcmeRescue(RescueInterface):
    """They have a login on the chassis."""

    properties = PROPERTIES

    def rescue_plan(self, node: Node) -> Plan | None:
        """No agent is needed."""
        return None
