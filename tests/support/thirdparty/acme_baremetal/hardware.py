"""The hardware type, in a distribution of its own."""

from typing import ClassVar

from baremetal.drivers.hardware.base import HardwareType


class AcmeHardware(HardwareType):
    """ACME's own way for everything, or an agent where one is wanted."""

    interfaces: ClassVar = {
        "boot": ("acme", "fake"),
        "console": ("no-console",),
        "deploy": ("acme", "agent", "fake"),
        "inspect": ("acme", "agent", "no-inspect"),
        "management": ("acme",),
        "power": ("acme",),
        "rescue": ("acme", "agent", "no-rescue"),
    }
