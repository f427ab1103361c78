"""Machines with a Redfish service."""

from typing import ClassVar

from baremetal.drivers.hardware.base import HardwareType


class RedfishHardware(HardwareType):
    """Power and management by Redfish; deploy and inspection by the agent."""

    interfaces: ClassVar = {
        "boot": ("pxe", "ipxe", "redfish-virtual-media", "fake"),
        "console": ("no-console",),
        "deploy": ("agent", "fake"),
        "inspect": ("agent", "fake", "no-inspect"),
        "management": ("redfish",),
        "power": ("redfish",),
        "rescue": ("agent", "no-rescue"),
    }
