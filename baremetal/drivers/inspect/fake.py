"""Inspection of hardware that is not there."""

from collections.abc import Mapping
from typing import Any

from baremetal.domain.node import Node
from baremetal.domain.outcomes import Plan
from baremetal.drivers.interfaces import InspectInterface


class FakeInspect(InspectInterface):
    """An inventory made of the node's own properties."""

    def inspect_plan(self, node: Node) -> Plan | None:
        """No agent is needed."""
        return None

    def inventory(self, node: Node) -> Mapping[str, Any]:
        """What the node says of itself, in the usual format."""
        properties = node.properties
        return {
            "cpu": {
                "count": int(properties.get("cpus") or 1),
                "architecture": properties.get("cpu_arch") or "x86_64",
            },
            "memory": {"physical_mb": int(properties.get("memory_mb") or 1024)},
            "disks": [{"name": "/dev/fake", "size": int(properties.get("local_gb") or 10) << 30}],
            "interfaces": [
                {"name": f"eth{number}", "mac_address": mac} for number, mac in enumerate(node.macs)
            ],
        }
