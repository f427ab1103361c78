"""Management of hardware that is not there."""

from collections.abc import Sequence

from baremetal.domain.errors import InvalidInput
from baremetal.domain.node import Node
from baremetal.drivers.interfaces import ManagementInterface
from baremetal.drivers.interfaces.management import BootDevice


class FakeManagement(ManagementInterface):
    """Takes ``pxe`` and ``disk``, and remembers neither: ``pxe`` is always the next."""

    def supported_boot_devices(self, node: Node) -> Sequence[str]:
        """What a deploy needs."""
        return ("pxe", "disk")

    def get_boot_device(self, node: Node) -> BootDevice:
        """``pxe``, not persistent."""
        return BootDevice("pxe", persistent=False)

    def set_boot_device(self, node: Node, device: str, *, persistent: bool = False) -> None:
        """Succeed for those."""
        if device not in self.supported_boot_devices(node):
            raise InvalidInput(f"Invalid boot device {device} specified. Supported: pxe, disk.")
