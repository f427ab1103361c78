"""Power: what it is, and how to change it."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar

from baremetal.domain import states
from baremetal.domain.errors import BaremetalError, DriverError
from baremetal.domain.node import Node
from baremetal.drivers.interfaces.base import Interface


class PowerInterface(Interface):
    """Reads and changes a machine's power."""

    kind: ClassVar = "power"

    @abstractmethod
    def get_power_state(self, node: Node) -> str:
        """``power on`` or ``power off``, as the machine says now.

        :raises DriverError: it does not say.
        """

    @abstractmethod
    def set_power_state(self, node: Node, target: str, timeout: float | None = None) -> str:
        """Bring the machine to `target`, one of ``supported``; the state it is in then.

        Returns when it is reached, within `timeout` seconds (None: the driver's own).

        :raises DriverError: it was refused, or not reached in time.
        """

    def supported_power_states(self, node: Node) -> Sequence[str]:
        """The targets that this machine understands."""
        return tuple(states.POWER_TARGETS)

    def get_power_states(self, nodes: Sequence[Node]) -> Iterator[tuple[str, str | DriverError]]:
        """Node uuid, and its power state or what went wrong, of many machines, as they answer.

        Nothing is raised: what is wrong with one, be it a missing field, is said of it alone.
        """
        for node in nodes:
            try:
                self.validate(node)
                yield node.uuid, self.get_power_state(node)
            except DriverError as error:
                yield node.uuid, error
            except BaremetalError as error:
                yield node.uuid, DriverError(error.message)
