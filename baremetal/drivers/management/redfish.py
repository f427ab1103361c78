"""Boot device, sensors and NMI by Redfish."""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Final

from sushy import BootSource, BootSourceOverrideEnabled, BootSourceOverrideMode, ResetType
from sushy.resources.chassis.chassis import Chassis

from baremetal.domain.errors import InvalidInput
from baremetal.domain.node import Node
from baremetal.drivers.interfaces import ManagementInterface
from baremetal.drivers.interfaces.management import BootDevice
from baremetal.drivers.redfish.access import PROPERTIES, access_of
from baremetal.drivers.redfish.clients import system_of

_DEVICES: Final = {
    "pxe": BootSource.PXE,
    "disk": BootSource.HDD,
    "cdrom": BootSource.CD,
    "bios": BootSource.BIOS_SETUP,
}
#: Some services show virtual media as a CD drive on USB (sushy chooses that where it must).
_NAMES: Final = {source: name for name, source in _DEVICES.items()} | {BootSource.USB_CD: "cdrom"}
_DURATIONS: Final = {
    True: BootSourceOverrideEnabled.CONTINUOUS,
    False: BootSourceOverrideEnabled.ONCE,
}
_MODES: Final = {
    "boot_mode:uefi": BootSourceOverrideMode.UEFI,
    "boot_mode:bios": BootSourceOverrideMode.LEGACY,
}


class RedfishManagement(ManagementInterface):
    """The system's boot override, its chassis' sensors, its NMI."""

    properties = PROPERTIES
    capabilities = frozenset({"sensors", "nmi"})

    def supported_boot_devices(self, node: Node) -> Sequence[str]:
        """Those that Redfish has a name for."""
        return tuple(_DEVICES)

    def get_boot_device(self, node: Node) -> BootDevice:
        """What the override says; unknown where there is none."""
        with system_of(access_of(node)) as system:
            boot = system.boot
            name = _NAMES.get(boot.target)
            if name is None or boot.enabled not in _DURATIONS.values():
                return BootDevice(None, None)
            return BootDevice(name, boot.enabled is _DURATIONS[True])

    def set_boot_device(self, node: Node, device: str, *, persistent: bool = False) -> None:
        """Set the override; with the boot mode if the node's capabilities name one."""
        if device not in _DEVICES:
            raise InvalidInput(
                f"Invalid boot device {device} specified. Supported: {', '.join(_DEVICES)}."
            )
        capabilities = str(node.properties.get("capabilities") or "")
        with system_of(access_of(node)) as system:
            system.set_system_boot_options(
                _DEVICES[device],
                enabled=_DURATIONS[persistent],
                mode=next((mode for word, mode in _MODES.items() if word in capabilities), None),
            )

    def get_sensors(self, node: Node) -> Mapping[str, Mapping[str, Any]]:
        """Temperatures, fans and power supplies of all that the system sits in."""
        with system_of(access_of(node)) as system:
            return {
                name: reading for chassis in system.chassis for name, reading in _readings(chassis)
            }

    def inject_nmi(self, node: Node) -> None:
        """Send a diagnostic interrupt."""
        with system_of(access_of(node)) as system:
            system.reset_system(ResetType.NMI)


def _readings(chassis: Chassis) -> Iterator[tuple[str, dict[str, Any]]]:
    thermal = chassis.thermal
    found = [(one, one.reading_celsius, "degrees C", "temperature") for one in thermal.temperatures]
    found += [(one, one.reading, _word(one.reading_units), "fan") for one in thermal.fans]
    supplies = chassis.power.power_supplies
    found += [(one, one.last_power_output_watts, "W", "power supply") for one in supplies]
    for sensor, value, unit, kind in found:
        state = _word(sensor.status.health if sensor.status else None).lower()
        yield sensor.name, {"value": value, "unit": unit, "kind": kind, "state": state}


def _word(said: Enum | None) -> str:
    return "unknown" if said is None else str(said.value)
