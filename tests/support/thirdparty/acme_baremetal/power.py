"""Power of ACME machines."""

from baremetal.domain import states
from baremetal.domain.node import Node
from baremetal.drivers.interfaces import PowerInterface

from .machine import PROPERTIES, opened


class AcmePower(PowerInterface):
    """Turns the key of the chassis."""

    properties = PROPERTIES

    def get_power_state(self, node: Node) -> str:
        """What the chassis says."""
        with opened(node, "get_power") as machine:
            return str(machine["power"])

    def set_power_state(self, node: Node, target: str, timeout: float | None = None) -> str:
        """Turn it; a machine that boots from the network is in its ramdisk."""
        with opened(node, f"set_power {target}") as machine:
            machine["power"] = states.POWER_TARGETS[target]
            if not machine["persistent"] and machine["power"] == states.POWER_ON:
                machine["boot_device"], machine["persistent"] = "disk", True
            return str(machine["power"])
