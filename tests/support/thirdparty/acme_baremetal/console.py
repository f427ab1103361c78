"""The console of ACME machines."""

from baremetal.domain.errors import DriverError
from baremetal.domain.node import Node
from baremetal.drivers.interfaces import ConsoleInterface

from .machine import PROPERTIES, opened


class AcmeConsole(ConsoleInterface):
    """A window in the chassis, with a shutter."""

    properties = PROPERTIES

    def start_console(self, node: Node) -> None:
        """Open the shutter."""
        with opened(node, "start_console") as machine:
            machine["console"] = True

    def stop_console(self, node: Node) -> None:
        """Close it."""
        with opened(node, "stop_console") as machine:
            machine["console"] = False

    def get_console(self, node: Node) -> dict[str, str]:
        """Where to look."""
        with opened(node, "get_console") as machine:
            if not machine["console"]:
                raise DriverError(f"The console of node {node.title} is closed.")
        return {"type": "window", "url": "acme://window"}
