"""Boot device, sensors and NMI by IPMI."""

from collections.abc import Mapping, Sequence
from typing import Any

from baremetal.domain.errors import InvalidInput
from baremetal.domain.node import Node
from baremetal.drivers.bmc import boot, chassis, sensors
from baremetal.drivers.interfaces import ManagementInterface
from baremetal.drivers.interfaces.management import BootDevice
from baremetal.drivers.ipmi import BUS, PROPERTIES, address_of

_DEVICES = {
    "pxe": boot.BootDevice.PXE,
    "disk": boot.BootDevice.DISK,
    "cdrom": boot.BootDevice.CDROM,
    "bios": boot.BootDevice.BIOS,
    "safe": boot.BootDevice.SAFE,
}
_NAMES = {device: name for name, device in _DEVICES.items()}


class IpmiManagement(ManagementInterface):
    """System boot options (IPMI 2.0, 28.12 and 28.13), sensors, NMI."""

    properties = PROPERTIES
    capabilities = frozenset({"sensors", "nmi"})

    def supported_boot_devices(self, node: Node) -> Sequence[str]:
        """Those that the boot flags have."""
        return tuple(_DEVICES)

    def get_boot_device(self, node: Node) -> BootDevice:
        """What the boot flags say."""
        found = boot.get_boot_device(BUS, address_of(node))
        name = _NAMES.get(found.device)
        return BootDevice(name, persistent=found.persistent if name else None)

    def set_boot_device(self, node: Node, device: str, *, persistent: bool = False) -> None:
        """Set the boot flags; for UEFI if the node's capabilities say so."""
        if device not in _DEVICES:
            raise InvalidInput(
                f"Invalid boot device {device} specified. Supported: {', '.join(_DEVICES)}."
            )
        boot.set_boot_device(
            BUS,
            address_of(node),
            _DEVICES[device],
            persistent=persistent,
            uefi="boot_mode:uefi" in str(node.properties.get("capabilities") or ""),
        )

    def get_sensors(self, node: Node) -> Mapping[str, Mapping[str, Any]]:
        """All sensors that the BMC has a record of."""
        readings = sensors.get_sensors(BUS, address_of(node))
        return {
            reading.name: {
                "value": reading.value,
                "unit": reading.unit,
                "kind": reading.kind,
                "state": str(reading.health),
            }
            for reading in readings
        }

    def inject_nmi(self, node: Node) -> None:
        """Send a diagnostic interrupt."""
        chassis.set_power(BUS, address_of(node), chassis.PowerAction.NMI)
