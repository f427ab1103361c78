"""Machines with an IPMI 2.0 BMC."""

from typing import ClassVar

from baremetal.drivers.hardware.base import HardwareType


class IpmiHardware(HardwareType):
    """Power and management by IPMI; deploy and inspection by the agent."""

    interfaces: ClassVar = {
        "boot": ("pxe", "ipxe", "fake"),
        "console": ("no-console",),
        "deploy": ("agent", "fake"),
        "inspect": ("agent", "fake", "no-inspect"),
        "management": ("ipmi", "fake"),
        "power": ("ipmi", "fake"),
        "rescue": ("agent", "no-rescue"),
    }
