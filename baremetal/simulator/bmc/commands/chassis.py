"""Commands of the chassis: power and boot options (IPMI 2.0, 28)."""

from baremetal.simulator.bmc.chassis import PowerAction, WrongState
from baremetal.simulator.bmc.commands.contract import (
    CHASSIS,
    Call,
    Command,
    CommandTable,
    CompletionError,
)
from baremetal.simulator.bmc.handshake import OPERATOR
from baremetal.simulator.bmc.message import INVALID_FIELD, PARAMETER_UNSUPPORTED, WRONG_STATE

_PARAMETER_VERSION = 0x01


def _capabilities(_call: Call) -> bytes:
    """A diagnostic interrupt; every device is the BMC itself (28.1)."""
    return bytes((0x04, 0x20, 0x20, 0x20, 0x20))


def _status(call: Call) -> bytes:
    """Power, restore policy, last power event by command (28.2)."""
    power = int(call.chassis.powered_on) | call.controller.power_restore_policy << 5
    return bytes((power, 0x10 if call.chassis.powered_on else 0x00, 0x40))


def _control(call: Call) -> bytes:
    """Power actions (28.3)."""
    try:
        call.chassis.control(PowerAction(call.data[0] & 0x0F))
    except ValueError:
        raise CompletionError(INVALID_FIELD) from None
    except WrongState:
        raise CompletionError(WRONG_STATE) from None
    return b""


def _identify(_call: Call) -> bytes:
    return b""


def _set_power_restore_policy(call: Call) -> bytes:
    """What happens when mains power returns; 3 only asks (28.8)."""
    policy = call.data[0] & 0x07
    if policy > 3:
        raise CompletionError(INVALID_FIELD)
    if policy < 3:
        call.controller.power_restore_policy = policy
    return bytes((0x07,))


def _set_boot_options(call: Call) -> bytes:
    """Set System Boot Options (28.12); without data it only sets whether they are valid."""
    data = call.data[1:]
    if data and not call.chassis.boot_options.set(call.data[0] & 0x7F, data):
        raise CompletionError(PARAMETER_UNSUPPORTED)
    return b""


def _get_boot_options(call: Call) -> bytes:
    """Get System Boot Options (28.13)."""
    parameter = call.data[0] & 0x7F
    data = call.chassis.boot_options.get(parameter)
    if data is None:
        raise CompletionError(PARAMETER_UNSUPPORTED)
    return bytes((_PARAMETER_VERSION, parameter)) + data


COMMANDS: CommandTable = {
    (CHASSIS, 0x00): Command(_capabilities),
    (CHASSIS, 0x01): Command(_status),
    (CHASSIS, 0x02): Command(_control, OPERATOR, shortest=1, once=True),
    (CHASSIS, 0x04): Command(_identify, OPERATOR),
    (CHASSIS, 0x06): Command(_set_power_restore_policy, OPERATOR, shortest=1),
    (CHASSIS, 0x08): Command(_set_boot_options, OPERATOR, shortest=1),
    (CHASSIS, 0x09): Command(_get_boot_options, OPERATOR, shortest=3),
}
