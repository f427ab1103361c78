"""What an ACME chassis knows of its machine."""

from collections.abc import Mapping
from typing import Any

from baremetal.domain.node import Node
from baremetal.domain.outcomes import Plan
from baremetal.drivers.interfaces import InspectInterface

from .machine import PROPERTIES, opened


class AcmeInspect(InspectInterface):
    """Reads the plate on the chassis."""

    properties = PROPERTIES

    def inspect_plan(self, node: Node) -> Plan | None:
        """No agent is needed."""
        return None

    def inventory(self, node: Node) -> Mapping[str, Any]:
        """All machines of ACME are alike."""
        with opened(node, "inventory"):
            return {
                "cpu": {"count": 4, "architecture": "x86_64"},
                "memory": {"physical_mb": 8192},
                "disks": [{"name": "/dev/acme", "size": 64 << 30}],
                "interfaces": [{"name": "eth0", "mac_address": mac} for mac in node.macs],
            }
