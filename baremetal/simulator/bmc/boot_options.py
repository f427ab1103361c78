"""System boot options: what the BMC tells the firmware at the next boot (IPMI 2.0, 28.12)."""

import enum
import math
from collections.abc import Callable
from typing import NamedTuple

VALID_SECONDS = 60.0
"""The BMC takes one-shot boot flags back when no chassis control follows within so long."""

VALID, PERSISTENT, UEFI = 0x80, 0x40, 0x20

_KEEP_WITHOUT_CHASSIS_CONTROL = 0x08
_NO_FLAGS = bytes(5)

SET_IN_PROGRESS, FLAG_CLEARING, BOOT_ACKNOWLEDGE, BOOT_FLAGS, INITIATOR = 0, 3, 4, 5, 6


class BootDevice(enum.IntEnum):
    """Devices that the boot flags can name (IPMI 2.0, table 28-14, parameter 5)."""

    DEFAULT = 0
    PXE = 1
    DISK = 2
    DISK_SAFE_MODE = 3
    DIAGNOSTIC_PARTITION = 4
    CDROM = 5
    SETUP = 6


class Override(NamedTuple):
    """What is to be booted instead of the usual; ``uefi`` is None where the mode is left open."""

    device: BootDevice | int
    persistent: bool
    uefi: bool | None


class BootOptions:
    """The parameters that a console may set and read; the firmware uses up one-shot flags."""

    __slots__ = ("_flags_until", "_keep_flags", "_mode_open", "_now", "_parameters")

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._parameters: dict[int, bytes] = {}
        self._keep_flags = self._mode_open = False
        self._flags_until = 0.0

    def get(self, parameter: int) -> bytes | None:
        """Return the parameter's data, None when there is no such parameter."""
        if parameter == BOOT_FLAGS:
            return self._flags()
        lengths = {SET_IN_PROGRESS: 1, FLAG_CLEARING: 1, BOOT_ACKNOWLEDGE: 2, INITIATOR: 9}
        if parameter not in lengths:
            return None
        return self._parameters.get(parameter, bytes(lengths[parameter]))

    def set(self, parameter: int, data: bytes) -> bool:
        """Keep the parameter's data; False when there is no such parameter or it is cut short."""
        if parameter == BOOT_ACKNOWLEDGE and len(data) == 2:
            # The first byte says which bits of the second are to be written.
            old = self._parameters.get(parameter, bytes(2))[1]
            data = bytes((0, old & ~data[0] & 0xFF | data[1] & data[0]))
        known = self.get(parameter)
        if known is None or len(data) < len(known):
            return False
        if parameter == FLAG_CLEARING:
            self._keep_flags = bool(data[0] & _KEEP_WITHOUT_CHASSIS_CONTROL)
        if parameter == BOOT_FLAGS:
            self._flags_until = self._now() + VALID_SECONDS
            self._mode_open = False
        self._parameters[parameter] = data[: len(known)]
        return True

    def choose(self, override: Override | None) -> None:
        """Set the boot flags by another way than IPMI: they last until a boot uses them up."""
        self._parameters.pop(BOOT_FLAGS, None)
        if override is None:
            return
        persistent, uefi = override.persistent * PERSISTENT, bool(override.uefi) * UEFI
        flags = (VALID | persistent | uefi, override.device << 2, 0, 0, 0)
        self._parameters[BOOT_FLAGS] = bytes(flags)
        self._flags_until = math.inf
        self._mode_open = override.uefi is None

    def chosen(self) -> Override | None:
        """Return what the flags say; None where they are not valid."""
        flags = self._flags()
        if not flags[0] & VALID:
            return None
        number = flags[1] >> 2 & 0x0F
        known = number in BootDevice.__members__.values()
        return Override(
            BootDevice(number) if known else number,
            bool(flags[0] & PERSISTENT),
            None if self._mode_open else bool(flags[0] & UEFI),
        )

    def take(self) -> tuple[BootDevice | int, bool | None]:
        """Return the device to boot from now and whether in UEFI mode, and use up a one-shot.

        Without valid flags the device is DEFAULT and the mode None.
        """
        override = self.chosen()
        if override is None:
            return BootDevice.DEFAULT, None
        if not override.persistent:
            self._parameters.pop(BOOT_FLAGS, None)
        return override.device, override.uefi

    def _flags(self) -> bytes:
        flags = self._parameters.get(BOOT_FLAGS, _NO_FLAGS)
        one_shot = flags[0] & VALID and not flags[0] & PERSISTENT
        if one_shot and not self._keep_flags and self._now() > self._flags_until:
            self._parameters.pop(BOOT_FLAGS)
            return _NO_FLAGS
        return flags
