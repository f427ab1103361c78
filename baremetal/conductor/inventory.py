"""What a scheduler needs to know, out of an inventory in ironic-python-agent's format."""

from collections.abc import Mapping
from typing import Any

_GIB = 1 << 30


def properties_of(inventory: Mapping[str, Any]) -> dict[str, Any]:
    """cpus, cpu_arch, memory_mb (MiB) and local_gb (GiB of the smallest disk of 4 GiB or more)."""
    cpu = inventory.get("cpu") or {}
    memory = inventory.get("memory") or {}
    sizes = [disk.get("size") or 0 for disk in inventory.get("disks") or []]
    disks = [size for size in sizes if size >= 4 * _GIB]
    found = {
        "cpus": cpu.get("count"),
        "cpu_arch": cpu.get("architecture"),
        "memory_mb": memory.get("physical_mb"),
        "local_gb": min(disks) // _GIB if disks else None,
    }
    return {key: value for key, value in found.items() if value is not None}
