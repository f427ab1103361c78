"""A hardware type: which implementations of each interface it goes with."""

from collections.abc import Mapping
from typing import ClassVar

from baremetal.domain.node import INTERFACES

#: What there is of an interface that a hardware type does not speak of.
ABSENT: Mapping[str, tuple[str, ...]] = {
    "bios": ("no-bios",),
    "boot": (),
    "console": ("no-console",),
    "deploy": (),
    "firmware": ("no-firmware",),
    "inspect": ("no-inspect",),
    "management": (),
    "network": ("noop",),
    "power": (),
    "raid": ("no-raid",),
    "rescue": ("no-rescue",),
    "storage": ("noop",),
    "vendor": ("no-vendor",),
}


class HardwareType:
    """Names of implementations by interface kind, the default first."""

    interfaces: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    @classmethod
    def supported(cls) -> dict[str, tuple[str, ...]]:
        """All kinds, with what is absent filled in."""
        return {kind: cls.interfaces.get(kind, ABSENT[kind]) for kind in INTERFACES}
