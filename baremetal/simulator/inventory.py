"""What an agent finds in its machine, in the format of ironic-python-agent's inventory."""

from collections.abc import Sequence
from typing import Any

from baremetal.simulator.description import MIB, MachineDescription
from baremetal.simulator.disk import Disk


def inventory(
    description: MachineDescription, disks: Sequence[Disk], boot_mode: str
) -> dict[str, Any]:
    """Return the inventory; sizes are bytes unless a name says otherwise."""
    hardware = description.hardware
    return {
        "interfaces": [
            _interface(description, position, mac) for position, mac in enumerate(description.macs)
        ],
        "cpu": {
            "model_name": hardware.cpu_model,
            "frequency": f"{hardware.cpu_mhz:g}",
            "count": hardware.cpus,
            "architecture": hardware.architecture,
            "flags": ["fpu", "lm", "sse2", "vmx"],
        },
        "disks": [_disk(disk, position) for position, disk in enumerate(disks)],
        "memory": {"total": hardware.memory_mib * MIB, "physical_mb": hardware.memory_mib},
        "bmc_address": description.bmc.address,
        "system_vendor": {
            "product_name": hardware.product,
            "serial_number": description.serial,
            "manufacturer": hardware.manufacturer,
        },
        "boot": {"current_boot_mode": boot_mode, "pxe_interface": description.macs[0]},
        "hostname": description.name,
    }


def _interface(description: MachineDescription, position: int, mac: str) -> dict[str, Any]:
    connected = position == 0
    return {
        "name": f"eth{position}",
        "mac_address": mac,
        "has_carrier": connected,
        "lldp": None,
        "ipv4_address": description.ip_address if connected else None,
        "vendor": "0x1af4",
        "product": "0x0001",
        "biosdevname": None,
    }


def _disk(disk: Disk, position: int) -> dict[str, Any]:
    return {
        "name": disk.model.name,
        "model": "Simulated disk",
        "size": disk.model.size,
        "rotational": disk.model.rotational,
        "wwn": f"0x5000{disk.serial.lower()}",
        "serial": disk.serial,
        "vendor": "Baremetal",
        "by_path": f"/dev/disk/by-path/pci-0000:00:1f.2-ata-{position + 1}",
    }
