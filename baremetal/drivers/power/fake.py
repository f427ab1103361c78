"""Power that is only a word in the database."""

from baremetal.domain import states
from baremetal.domain.node import Node
from baremetal.drivers.interfaces import PowerInterface


class FakePower(PowerInterface):
    """Says what was last asked for; a machine never asked is off."""

    def get_power_state(self, node: Node) -> str:
        """The power state on record."""
        return node.power_state or states.POWER_OFF

    def set_power_state(self, node: Node, target: str, timeout: float | None = None) -> str:
        """Succeed at once."""
        return states.POWER_TARGETS[target]
