"""Commands of the BMC itself: identity, channels, users, sessions (IPMI 2.0, 20, 22)."""

from baremetal.simulator.bmc.cipher_suites import SUITES
from baremetal.simulator.bmc.commands.contract import (
    APPLICATION,
    LAN_CHANNEL,
    Call,
    Command,
    CommandTable,
    CompletionError,
)
from baremetal.simulator.bmc.handshake import ADMINISTRATOR, OPERATOR
from baremetal.simulator.bmc.message import INVALID_FIELD, OUT_OF_RANGE

_PRESENT_CHANNEL = 0x0E
_USER_ID, _USER_IDS = 2, 10
# An enterprise number reserved for documentation (RFC 5612).
_MANUFACTURER_ID = 32473
_PRIVILEGE_REFUSED = 0x81
_INVALID_SESSION = 0x87


def _device_id(_call: Call) -> bytes:
    """Firmware 2.10, IPMI 2.0; chassis, FRU, SEL, SDR and sensor device (20.1)."""
    manufacturer = _MANUFACTURER_ID.to_bytes(3, "little")
    return bytes((0x20, 0x01, 0x02, 0x10, 0x02, 0x8F)) + manufacturer + b"\x01\x00" + bytes(4)


def _self_test(_call: Call) -> bytes:
    return b"\x55\x00"


def _guid(call: Call) -> bytes:
    return call.chassis.identity.guid


def _cold_reset(call: Call) -> bytes:
    call.controller.sessions.clear()
    return b""


def _channel_authentication(call: Call) -> bytes:
    """RMCP+ sessions only, by user name and password (22.13)."""
    _check_channel(call.data[0])
    extended = call.data[0] & 0x80
    return bytes((LAN_CHANNEL, extended, 0x04, 0x02 if extended else 0x00, 0, 0, 0, 0))


def _cipher_suites(call: Call) -> bytes:
    """The list of cipher suite records, 16 bytes at a time (22.15)."""
    _check_channel(call.data[0])
    records = b"".join(suite.record for suite in SUITES)
    part = call.data[2] & 0x3F
    return bytes((LAN_CHANNEL,)) + records[part * 16 : part * 16 + 16]


def _set_privilege(call: Call) -> bytes:
    """Raise or lower the session's privilege level (22.18)."""
    session, level = call.session, call.data[0] & 0x0F
    if session is None or level in (1, 5):
        raise CompletionError(INVALID_FIELD)
    if level > session.privilege_limit:
        raise CompletionError(_PRIVILEGE_REFUSED)
    session.privilege = level or session.privilege
    return bytes((session.privilege,))


def _close_session(call: Call) -> bytes:
    """End this session, or as administrator any other (22.19)."""
    wanted = int.from_bytes(call.data[:4], "little")
    session = call.controller.sessions.find(wanted)
    own = call.session is not None and wanted == call.session.id
    if session is None or not (own or (call.session and call.session.privilege >= ADMINISTRATOR)):
        raise CompletionError(_INVALID_SESSION)
    call.controller.sessions.close(session)
    return b""


def _session_info(call: Call) -> bytes:
    """The number of sessions, and this one if it was asked for (22.20)."""
    counts = bytes((63, call.controller.sessions.active()))
    if call.data[0] != 0 or call.session is None:
        return b"\x00" + counts
    return b"\x01" + counts + bytes((_USER_ID, call.session.privilege, 0x10 | LAN_CHANNEL))


def _channel_access(call: Call) -> bytes:
    """Always available, per-message authentication on, up to administrator (22.23)."""
    _check_channel(call.data[0])
    return bytes((0x22, ADMINISTRATOR))


def _channel_info(call: Call) -> bytes:
    """A LAN channel with several sessions (22.24)."""
    _check_channel(call.data[0])
    active = min(call.controller.sessions.active(), 63)
    return bytes((LAN_CHANNEL, 0x04, 0x01, 0x80 | active, 0xF2, 0x1B, 0x00, 0x00, 0x00))


def _user_access(call: Call) -> bytes:
    """One enabled user beside the nameless first one (22.27)."""
    _check_channel(call.data[0])
    user = _check_user(call.data[1])
    access = 0x30 | ADMINISTRATOR if user == _USER_ID else 0x0F
    return bytes((_USER_IDS, 0x40 | 1, 1, access))


def _user_name(call: Call) -> bytes:
    user = _check_user(call.data[0])
    name = call.controller.username if user == _USER_ID else b""
    return name.ljust(16, b"\x00")


def _check_channel(channel: int) -> None:
    if channel & 0x0F not in (LAN_CHANNEL, _PRESENT_CHANNEL):
        raise CompletionError(INVALID_FIELD)


def _check_user(user: int) -> int:
    user &= 0x3F
    if not 1 <= user <= _USER_IDS:
        raise CompletionError(OUT_OF_RANGE)
    return user


COMMANDS: CommandTable = {
    (APPLICATION, 0x01): Command(_device_id),
    (APPLICATION, 0x02): Command(_cold_reset, ADMINISTRATOR, once=True),
    (APPLICATION, 0x04): Command(_self_test),
    (APPLICATION, 0x08): Command(_guid),
    (APPLICATION, 0x37): Command(_guid, 0),
    (APPLICATION, 0x38): Command(_channel_authentication, 0, shortest=2),
    (APPLICATION, 0x3B): Command(_set_privilege, shortest=1),
    (APPLICATION, 0x3C): Command(_close_session, shortest=4, once=True),
    (APPLICATION, 0x3D): Command(_session_info, shortest=1),
    (APPLICATION, 0x41): Command(_channel_access, shortest=2),
    (APPLICATION, 0x42): Command(_channel_info, shortest=1),
    (APPLICATION, 0x44): Command(_user_access, OPERATOR, shortest=2),
    (APPLICATION, 0x46): Command(_user_name, OPERATOR, shortest=1),
    (APPLICATION, 0x54): Command(_cipher_suites, 0, shortest=3),
}
