"""Boot devices of ACME machines."""

from collections.abc import Sequence

from baremetal.domain.errors import InvalidInput
from baremetal.domain.node import Node
from baremetal.drivers.interfaces import ManagementInterface
from baremetal.drivers.interfaces.management import BootDevice

from .machine import PROPERTIES, opened


class AcmeManagement(ManagementInterface):
    """Moves the lever of the chassis."""

    properties = PROPERTIES

    def supported_boot_devices(self, node: Node) -> Sequence[str]:
        """The network and the disk."""
        return ("pxe", "disk")

    def get_boot_device(self, node: Node) -> BootDevice:
        """Where the lever is."""
        with opened(node, "get_boot_device") as machine:
            return BootDevice(machine["boot_device"], machine["persistent"])

    def set_boot_device(self, node: Node, device: str, *, persistent: bool = False) -> None:
        """Move the lever."""
        if device not in self.supported_boot_devices(node):
            raise InvalidInput(f"An ACME machine has no boot device {device}, only pxe and disk.")
        with opened(node, f"set_boot_device {device}") as machine:
            machine["boot_device"], machine["persistent"] = device, persistent
