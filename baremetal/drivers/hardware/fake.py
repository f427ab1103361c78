"""Hardware that is not there: for trials of the API and for load."""

from typing import ClassVar

from baremetal.drivers.hardware.base import HardwareType


class FakeHardware(HardwareType):
    """Every action succeeds at once, and is remembered nowhere but in the database."""

    interfaces: ClassVar = {
        "boot": ("fake", "pxe"),
        "console": ("no-console",),
        "deploy": ("fake", "agent"),
        "inspect": ("fake", "agent", "no-inspect"),
        "management": ("fake",),
        "power": ("fake",),
        "rescue": ("fake", "no-rescue"),
    }
