"""Rescue: a ramdisk to log in to, for a machine that does not boot."""

from abc import abstractmethod
from typing import ClassVar

from baremetal.domain.node import Node
from baremetal.domain.outcomes import Plan
from baremetal.drivers.interfaces.base import Interface


class RescueInterface(Interface):
    """Says what an agent has to do so that a person can log in."""

    kind: ClassVar = "rescue"

    @abstractmethod
    def rescue_plan(self, node: Node) -> Plan | None:
        """The plan of the rescue ramdisk; None where none is needed."""
