"""Management: boot device, sensors, and what else a BMC can say or do."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from baremetal.domain.errors import NotSupported
from baremetal.domain.node import Node
from baremetal.drivers.interfaces.base import Interface


@dataclass(frozen=True, slots=True)
class BootDevice:
    """What a machine boots from next; None where it does not say."""

    device: str | None
    persistent: bool | None


class ManagementInterface(Interface):
    """Boot device, sensors, NMI. Capabilities: ``sensors``, ``nmi``."""

    kind: ClassVar = "management"

    @abstractmethod
    def supported_boot_devices(self, node: Node) -> Sequence[str]:
        """Names of devices, of: pxe, disk, cdrom, bios, safe, wanboot."""

    @abstractmethod
    def get_boot_device(self, node: Node) -> BootDevice:
        """The device of the next boot.

        :raises DriverError: the machine does not say.
        """

    @abstractmethod
    def set_boot_device(self, node: Node, device: str, *, persistent: bool = False) -> None:
        """Boot from `device` next time, or from now on.

        :raises InvalidInput: this machine has no such device.
        :raises DriverError: the machine refused.
        """

    def get_sensors(self, node: Node) -> Mapping[str, Mapping[str, Any]]:
        """Readings by sensor name: ``{"value", "unit", "state"}``.

        :raises NotSupported: this driver reads none.
        """
        raise NotSupported(f"Driver {node.driver} does not read sensors.")

    def inject_nmi(self, node: Node) -> None:
        """Send a non-maskable interrupt.

        :raises NotSupported: this driver cannot.
        """
        raise NotSupported(f"Driver {node.driver} does not support: inject NMI.")
