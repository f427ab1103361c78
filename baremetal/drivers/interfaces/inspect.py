"""Inspect: find out what a machine is made of."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from baremetal.domain.node import Node
from baremetal.domain.outcomes import Plan
from baremetal.drivers.interfaces.base import Interface


class InspectInterface(Interface):
    """Says how to take a machine's inventory.

    Capability ``agent``: an agent executes `inspect_plan` and reports an inventory.
    Without it the conductor calls `inventory`.
    """

    kind: ClassVar = "inspect"

    @abstractmethod
    def inspect_plan(self, node: Node) -> Plan | None:
        """What an agent has to find out; None where none is needed."""

    def inventory(self, node: Node) -> Mapping[str, Any]:
        """The inventory (format of ironic-python-agent), for drivers that need no agent."""
        raise NotImplementedError
