"""Commands of payloads, of which serial over LAN is the only one (IPMI 2.0, 24 and 26)."""

import struct

from baremetal.simulator.bmc.commands.contract import (
    APPLICATION,
    LAN_CHANNEL,
    TRANSPORT,
    Call,
    Command,
    CommandTable,
    CompletionError,
)
from baremetal.simulator.bmc.handshake import OPERATOR
from baremetal.simulator.bmc.message import INVALID_FIELD, PARAMETER_UNSUPPORTED
from baremetal.simulator.bmc.serial_over_lan import LONGEST_PAYLOAD, RETRY_SECONDS, SerialOverLan
from baremetal.simulator.bmc.sessions import Phase

_SOL = 0x01
_ALREADY, _DISABLED = 0x80, 0x81
_REVISION = 0x11
_BAUD_115200 = 0x0A


def _activate(call: Call) -> bytes:
    """Give the serial line to this session (24.1)."""
    sol = _serial_line(call)
    if call.session is None:
        raise CompletionError(INVALID_FIELD)
    if sol.session is not None and sol.session is not call.session and _lives(call, sol):
        raise CompletionError(_ALREADY)
    sol.activate(call.session)
    port = call.controller.port
    return struct.pack("<IHHHH", 0, LONGEST_PAYLOAD, LONGEST_PAYLOAD, port, 0xFFFF)


def _deactivate(call: Call) -> bytes:
    """Take it back, from whichever session (24.2)."""
    sol = _serial_line(call)
    if sol.session is None:
        raise CompletionError(_ALREADY)
    sol.deactivate()
    return b""


def _activation_status(call: Call) -> bytes:
    """One instance, and whether it is in use (24.4)."""
    active = _serial_line(call, instance=None).session is not None
    return bytes((1, int(active), 0))


def _instance_info(call: Call) -> bytes:
    """The session that has it, 0 for none (24.5)."""
    session = _serial_line(call).session
    return struct.pack("<IB7x", session.id if session else 0, 1)


def _user_access(_call: Call) -> bytes:
    """Whoever may log in may use it (24.7)."""
    return bytes((1 << _SOL, 0, 0, 0))


def _channel_support(_call: Call) -> bytes:
    """IPMI messages, serial over LAN, and what opens sessions (24.8)."""
    return bytes((0x03, 0, 0x3F, 0, 0, 0, 0, 0))


def _configuration(call: Call) -> bytes:
    """One parameter of serial over LAN (26.3, table 26-5)."""
    if call.data[0] & 0x0F not in (LAN_CHANNEL, 0x0E):
        raise CompletionError(INVALID_FIELD)
    if call.data[0] & 0x80:
        return bytes((_REVISION,))
    parameters = {
        0: b"\x00",
        1: bytes((int(call.controller.sol is not None),)),
        # Encrypted and authenticated always, for operators.
        2: bytes((0xC0 | OPERATOR,)),
        # Characters are sent as they come.
        3: bytes((0x01, 0x01)),
        4: bytes((0x07, int(RETRY_SECONDS * 100))),
        5: bytes((_BAUD_115200,)),
        6: bytes((_BAUD_115200,)),
        7: bytes((LAN_CHANNEL,)),
        8: struct.pack("<H", call.controller.port),
    }
    value = parameters.get(call.data[1])
    if value is None:
        raise CompletionError(PARAMETER_UNSUPPORTED)
    return bytes((_REVISION,)) + value


def _serial_line(call: Call, instance: int | None = 1) -> SerialOverLan:
    if call.data[0] & 0x3F != _SOL or (instance and call.data[1] & 0x0F != instance):
        raise CompletionError(INVALID_FIELD)
    if call.controller.sol is None:
        raise CompletionError(_DISABLED)
    return call.controller.sol


def _lives(call: Call, sol: SerialOverLan) -> bool:
    session = sol.session
    return (
        session is not None
        and session.phase is Phase.ACTIVE
        and call.controller.sessions.find(session.id) is session
    )


COMMANDS: CommandTable = {
    (APPLICATION, 0x48): Command(_activate, OPERATOR, shortest=6, once=True),
    (APPLICATION, 0x49): Command(_deactivate, OPERATOR, shortest=2, once=True),
    (APPLICATION, 0x4A): Command(_activation_status, shortest=1),
    (APPLICATION, 0x4B): Command(_instance_info, shortest=2),
    (APPLICATION, 0x4D): Command(_user_access, OPERATOR, shortest=2),
    (APPLICATION, 0x4E): Command(_channel_support, shortest=1),
    (TRANSPORT, 0x22): Command(_configuration, OPERATOR, shortest=4),
}
