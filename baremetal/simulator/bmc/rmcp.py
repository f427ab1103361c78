"""Packets on the wire: RMCP and ASF (ASF 2.0, 3.2), session headers (IPMI 2.0, 13.6)."""

import struct
from typing import NamedTuple

ASF_CLASS = 0x06
IPMI_CLASS = 0x07
RMCP_PLUS = 0x06
"""The authentication type that marks an RMCP+ (IPMI 2.0) session header."""

_HEADER = bytes((0x06, 0x00, 0xFF))
_ASF_IANA = 4542
_ASF_PING = 0x80
_ASF_PONG = 0x40


class MalformedPacket(Exception):
    """The bytes are no packet of this protocol; a BMC drops them in silence."""


class SessionPacket(NamedTuple):
    """An IPMI packet without its RMCP header.

    :ivar auth_type: 0x06 for RMCP+, otherwise an IPMI 1.5 header.
    :ivar payload: still encrypted if ``encrypted``.
    :ivar signed: the bytes that the authentication code covers, and
    :ivar trailer: what follows them; empty without authentication.
    """

    auth_type: int
    payload_type: int
    encrypted: bool
    authenticated: bool
    session_id: int
    sequence: int
    payload: bytes
    signed: bytes = b""
    trailer: bytes = b""


def packet_class(datagram: bytes) -> int:
    """Return the RMCP class of the datagram.

    :raises MalformedPacket: it is no RMCP packet, or only acknowledges one.
    """
    if len(datagram) < 5 or datagram[0] != 0x06 or datagram[3] & 0x80:
        raise MalformedPacket
    return datagram[3] & 0x1F


def pong(datagram: bytes) -> bytes:
    """Return the answer to an ASF presence ping.

    :raises MalformedPacket: the packet is no presence ping.
    """
    if len(datagram) < 12:
        raise MalformedPacket
    iana, kind, tag = struct.unpack_from(">IBB", datagram, 4)
    if iana != _ASF_IANA or kind != _ASF_PING:
        raise MalformedPacket
    # Entities 0x81: IPMI is supported, ASF 1.0.
    body = struct.pack(">IBBBBIIBB6x", _ASF_IANA, _ASF_PONG, tag, 0, 16, _ASF_IANA, 0, 0x81, 0)
    return _HEADER + bytes((ASF_CLASS,)) + body


def parse_session_packet(datagram: bytes, code_length: int = 0) -> SessionPacket:
    """Return the IPMI packet in the datagram; ``code_length`` bytes of authentication code end it.

    :raises MalformedPacket: lengths do not fit, or it has an unknown format.
    """
    if datagram[4] != RMCP_PLUS:
        return _parse_ipmi15(datagram)
    if len(datagram) < 16:
        raise MalformedPacket
    kind, session_id, sequence, length = struct.unpack_from("<BIIH", datagram, 5)
    end = 16 + length
    if len(datagram) < end or kind & 0x3F == 0x02:
        raise MalformedPacket
    authenticated = bool(kind & 0x40)
    cut = len(datagram) - code_length
    if authenticated and code_length and cut < end + 2:
        raise MalformedPacket
    return SessionPacket(
        auth_type=RMCP_PLUS,
        payload_type=kind & 0x3F,
        encrypted=bool(kind & 0x80),
        authenticated=authenticated,
        session_id=session_id,
        sequence=sequence,
        payload=datagram[16:end],
        signed=datagram[4:cut] if authenticated else b"",
        trailer=datagram[cut:] if authenticated else b"",
    )


def session_id_of(datagram: bytes) -> int:
    """Return the session id of an RMCP+ packet, 0 for any other packet."""
    if datagram[4] != RMCP_PLUS or len(datagram) < 16:
        return 0
    return int.from_bytes(datagram[6:10], "little")


def plain_packet(auth_type: int, payload_type: int, payload: bytes) -> bytes:
    """Return a packet outside any session, in the format that ``auth_type`` names."""
    if auth_type == RMCP_PLUS:
        header = struct.pack("<BBIIH", RMCP_PLUS, payload_type, 0, 0, len(payload))
    else:
        header = struct.pack("<BIIB", 0, 0, 0, len(payload))
    return _HEADER + bytes((IPMI_CLASS,)) + header + payload


def session_header(session_id: int, sequence: int, length: int, payload_type: int) -> bytes:
    """Return the RMCP and session headers of an encrypted, authenticated payload."""
    return (
        _HEADER
        + bytes((IPMI_CLASS,))
        + struct.pack("<BBIIH", RMCP_PLUS, 0xC0 | payload_type, session_id, sequence, length)
    )


def _parse_ipmi15(datagram: bytes) -> SessionPacket:
    if datagram[4] != 0 or len(datagram) < 14:
        raise MalformedPacket
    sequence, session_id, length = struct.unpack_from("<IIB", datagram, 5)
    if len(datagram) < 14 + length:
        raise MalformedPacket
    payload = datagram[14 : 14 + length]
    return SessionPacket(0, 0, False, False, session_id, sequence, payload)
