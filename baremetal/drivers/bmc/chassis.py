"""The power of a machine: IPMI 2.0, chapter 28, as far as power goes."""

import enum
from dataclasses import dataclass
from typing import Final

from baremetal import lease
from baremetal.drivers.bmc.address import BmcAddress, CommandBus, RawCommand
from baremetal.drivers.bmc.errors import BmcProtocolError

_CHASSIS: Final = 0x00
#: IPMI 2.0, 28.2.
GET_CHASSIS_STATUS: Final = RawCommand(_CHASSIS, 0x01)


class Power(enum.StrEnum):
    """Whether the machine has power."""

    ON = "on"
    OFF = "off"


class PowerAction(enum.StrEnum):
    """What can be done to the power of a machine."""

    ON = "on"
    OFF = "off"
    CYCLE = "cycle"
    RESET = "reset"
    SOFT = "soft"
    NMI = "nmi"


#: IPMI 2.0, table 28-4.
_CONTROL: Final = {
    PowerAction.OFF: 0,
    PowerAction.ON: 1,
    PowerAction.CYCLE: 2,
    PowerAction.RESET: 3,
    PowerAction.NMI: 4,
    PowerAction.SOFT: 5,
}
#: Doing these twice is doing them once.
_REPEATABLE: Final = frozenset({PowerAction.ON, PowerAction.OFF})

#: Bits 6:5 of the first byte (IPMI 2.0, table 28-3).
_RESTORE_POLICIES: Final = ("always-off", "previous", "always-on", "unknown")


@dataclass(frozen=True, slots=True)
class PowerReading:
    """What Get Chassis Status says of the power.

    `restore_policy` is what the machine does when mains power returns: always-off,
    previous, always-on or unknown.
    """

    power: Power
    restore_policy: str = "unknown"
    power_fault: bool = False
    power_overload: bool = False
    cooling_fault: bool = False
    drive_fault: bool = False


def decode_chassis_status(data: bytes) -> PowerReading:
    """The answer to Get Chassis Status (IPMI 2.0, table 28-3).

    :raises ValueError: when it is too short
    """
    if len(data) < 3:
        raise ValueError(f"{len(data)} bytes instead of 3 or more")
    return PowerReading(
        power=Power.ON if data[0] & 0x01 else Power.OFF,
        restore_policy=_RESTORE_POLICIES[data[0] >> 5 & 0x03],
        power_fault=bool(data[0] & 0x18),
        power_overload=bool(data[0] & 0x02),
        cooling_fault=bool(data[2] & 0x08),
        drive_fault=bool(data[2] & 0x04),
    )


def encode_chassis_control(action: PowerAction) -> RawCommand:
    """Chassis Control (IPMI 2.0, 28.3)."""
    return RawCommand(_CHASSIS, 0x02, bytes([_CONTROL[action]]), repeatable=action in _REPEATABLE)


def read_chassis(bus: CommandBus, bmc: BmcAddress, timeout: float = 30.0) -> PowerReading:
    """The power of one machine, with what else the BMC says of it.

    :raises BmcError: in one of its kinds
    """
    data = bus.execute(bmc, GET_CHASSIS_STATUS, timeout)
    try:
        return decode_chassis_status(data)
    except ValueError as error:
        what = f"answered Get Chassis Status oddly: {error}"
        raise BmcProtocolError.nonsense(bmc, what) from error


def get_power(bus: CommandBus, bmc: BmcAddress, timeout: float = 30.0) -> Power:
    """Whether one machine has power.

    :raises BmcError: in one of its kinds
    """
    return read_chassis(bus, bmc, timeout).power


def set_power(
    bus: CommandBus, bmc: BmcAddress, action: PowerAction | str, timeout: float = 30.0
) -> None:
    """Have the BMC accept an action; the machine may take seconds more to follow.

    BMCs decline to cycle, reset or softly stop a machine that is off: completion code 0xd5.

    :raises BmcError: in one of its kinds
    :raises ValueError: for an unknown action
    """
    command = encode_chassis_control(PowerAction(action))
    lease.confirm()
    bus.execute(bmc, command, timeout)
