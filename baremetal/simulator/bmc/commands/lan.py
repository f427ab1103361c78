"""Commands of the LAN channel: its configuration, to be read only (IPMI 2.0, 23)."""

from baremetal.simulator.bmc.cipher_suites import SUITES
from baremetal.simulator.bmc.commands.contract import (
    LAN_CHANNEL,
    TRANSPORT,
    Call,
    Command,
    CommandTable,
    CompletionError,
)
from baremetal.simulator.bmc.handshake import OPERATOR
from baremetal.simulator.bmc.message import INVALID_FIELD, PARAMETER_UNSUPPORTED

_REVISION = 0x11
_STATIC = 0x01


def _configuration(call: Call) -> bytes:
    """One parameter (23.2, table 23-4)."""
    if call.data[0] & 0x0F not in (LAN_CHANNEL, 0x0E):
        raise CompletionError(INVALID_FIELD)
    if call.data[0] & 0x80:
        return bytes((_REVISION,))
    value = _parameters(call).get(call.data[1])
    if value is None:
        raise CompletionError(PARAMETER_UNSUPPORTED)
    return bytes((_REVISION,)) + value


def _parameters(call: Call) -> dict[int, bytes]:
    return {
        0: b"\x00",
        1: b"\x00",
        2: bytes(5),
        3: call.controller.packed_address,
        4: bytes((_STATIC,)),
        5: bytes.fromhex(call.chassis.identity.mac.replace(":", "")),
        6: b"\xff\xff\xff\x00",
        12: bytes(4),
        20: bytes(2),
        22: bytes((len(SUITES),)),
        23: bytes((0, *(suite.number for suite in SUITES))).ljust(17, b"\x00"),
    }


COMMANDS: CommandTable = {
    (TRANSPORT, 0x02): Command(_configuration, OPERATOR, shortest=4),
}
