"""Console: a machine's serial line, for people."""

from abc import abstractmethod
from typing import ClassVar

from baremetal.domain.node import Node
from baremetal.drivers.interfaces.base import Interface


class ConsoleInterface(Interface):
    """Opens and closes a machine's console."""

    kind: ClassVar = "console"

    @abstractmethod
    def start_console(self, node: Node) -> None:
        """Make the console reachable."""

    @abstractmethod
    def stop_console(self, node: Node) -> None:
        """Close it."""

    @abstractmethod
    def get_console(self, node: Node) -> dict[str, str]:
        """Where it is: ``{"type", "url"}``."""
