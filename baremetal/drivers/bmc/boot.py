"""What a machine boots next: System Boot Options (IPMI 2.0, 28.12 to 28.14)."""

import contextlib
import enum
from dataclasses import dataclass
from typing import Final

from baremetal import lease
from baremetal.drivers.bmc.address import BmcAddress, CommandBus, RawCommand
from baremetal.drivers.bmc.errors import BmcCommandFailed, BmcProtocolError

_CHASSIS: Final = 0x00
_SET_BOOT_OPTIONS: Final = 0x08
_GET_BOOT_OPTIONS: Final = 0x09

#: Parameters of table 28-14.
_VALID_BIT_CLEARING: Final = 0x03
_BOOT_FLAGS: Final = 0x05
#: Of parameter 3: keep the flags although no power command follows within a minute.
_KEEP_WITHOUT_POWER_COMMAND: Final = 0x08
#: Of parameter 5, data 1.
_VALID: Final = 0x80
_PERSISTENT: Final = 0x40
_UEFI: Final = 0x20


class BootDevice(enum.StrEnum):
    """Where to boot from; NONE leaves it to the machine's own order."""

    NONE = "none"
    PXE = "pxe"
    DISK = "disk"
    SAFE = "safe"
    DIAGNOSTIC = "diagnostic"
    CDROM = "cdrom"
    BIOS = "bios"
    FLOPPY = "floppy"


#: Bits 5:2 of boot flags, data 2.
_SELECTORS: Final = {
    BootDevice.NONE: 0x0,
    BootDevice.PXE: 0x1,
    BootDevice.DISK: 0x2,
    BootDevice.SAFE: 0x3,
    BootDevice.DIAGNOSTIC: 0x4,
    BootDevice.CDROM: 0x5,
    BootDevice.BIOS: 0x6,
    BootDevice.FLOPPY: 0xF,
}
#: Remote media read as what they pretend to be.
_DEVICES: Final = {selector: device for device, selector in _SELECTORS.items()} | {
    0x7: BootDevice.FLOPPY,
    0x8: BootDevice.CDROM,
    0x9: BootDevice.CDROM,
    0xB: BootDevice.DISK,
}


@dataclass(frozen=True, slots=True)
class BootSetting:
    """A boot device, for the next boot only or until changed, in UEFI or BIOS mode."""

    device: BootDevice
    persistent: bool = False
    uefi: bool = False


def encode_boot_flags(setting: BootSetting) -> RawCommand:
    """Set System Boot Options with the boot flags (IPMI 2.0, table 28-14, parameter 5)."""
    flags = _VALID
    if setting.persistent:
        flags |= _PERSISTENT
    if setting.uefi:
        flags |= _UEFI
    if setting.device is BootDevice.NONE:
        flags = 0  # invalid flags are no override
    selector = _SELECTORS[setting.device] << 2
    return RawCommand(_CHASSIS, _SET_BOOT_OPTIONS, bytes([_BOOT_FLAGS, flags, selector, 0, 0, 0]))


def decode_boot_flags(data: bytes) -> BootSetting:
    """The answer to Get System Boot Options for parameter 5.

    :raises ValueError: when it is too short or about another parameter
    """
    if len(data) < 4:
        raise ValueError(f"{len(data)} bytes instead of 7")
    if data[1] & 0x7F != _BOOT_FLAGS:
        raise ValueError(f"parameter {data[1] & 0x7F} instead of {_BOOT_FLAGS}")
    if not data[2] & _VALID:
        return BootSetting(BootDevice.NONE)
    return BootSetting(
        device=_DEVICES.get(data[3] >> 2 & 0x0F, BootDevice.NONE),
        persistent=bool(data[2] & _PERSISTENT),
        uefi=bool(data[2] & _UEFI),
    )


def get_boot_device(bus: CommandBus, bmc: BmcAddress, timeout: float = 30.0) -> BootSetting:
    """What the BMC will have the machine boot.

    :raises BmcError: in one of its kinds
    """
    asked = bytes([_BOOT_FLAGS, 0, 0])
    data = bus.execute(bmc, RawCommand(_CHASSIS, _GET_BOOT_OPTIONS, asked), timeout)
    try:
        return decode_boot_flags(data)
    except ValueError as error:
        what = f"answered Get System Boot Options oddly: {error}"
        raise BmcProtocolError.nonsense(bmc, what) from error


def set_boot_device(
    bus: CommandBus,
    bmc: BmcAddress,
    device: BootDevice | str,
    *,
    persistent: bool = False,
    uefi: bool = False,
    timeout: float = 30.0,
) -> None:
    """Choose what the machine boots next, or from now on.

    :raises BmcError: in one of its kinds
    :raises ValueError: for an unknown device
    """
    setting = BootSetting(BootDevice(device), persistent, uefi)
    lease.confirm()
    keep = bytes([_VALID_BIT_CLEARING, _KEEP_WITHOUT_POWER_COMMAND])
    # Optional for BMCs; one that declines drops the flags after a minute, as ever.
    with contextlib.suppress(BmcCommandFailed):
        bus.execute(bmc, RawCommand(_CHASSIS, _SET_BOOT_OPTIONS, keep), timeout)
    bus.execute(bmc, encode_boot_flags(setting), timeout)
