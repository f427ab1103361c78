"""IPMI messages: one request or response within a packet (IPMI 2.0, 13.8)."""

from typing import NamedTuple

from baremetal.simulator.bmc.rmcp import MalformedPacket

_BMC_ADDRESS = 0x20

OK = 0x00
INVALID_COMMAND = 0xC1
INVALID_LENGTH = 0xC7
INVALID_RESERVATION = 0xC5
OUT_OF_RANGE = 0xC9
NOT_PRESENT = 0xCB
INVALID_FIELD = 0xCC
NO_PRIVILEGE = 0xD4
WRONG_STATE = 0xD5
PARAMETER_UNSUPPORTED = 0x80


class Request(NamedTuple):
    """A request to the BMC; ``sequence`` is the requester's own, of six bits."""

    netfn: int
    command: int
    data: bytes
    requester: int
    sequence: int
    lun: int


def parse_request(payload: bytes) -> Request:
    """Return the request in an IPMI payload.

    :raises MalformedPacket: it is too short, not for the BMC, or a checksum is wrong.
    """
    if len(payload) < 7 or payload[0] != _BMC_ADDRESS:
        raise MalformedPacket
    if sum(payload[:3]) & 0xFF or sum(payload[3:]) & 0xFF:
        raise MalformedPacket
    return Request(
        netfn=payload[1] >> 2,
        command=payload[5],
        data=payload[6:-1],
        requester=payload[3],
        sequence=payload[4] >> 2,
        lun=payload[4] & 0x03,
    )


def response(request: Request, code: int, data: bytes = b"") -> bytes:
    """Return the IPMI payload that answers the request."""
    head = bytes((request.requester, (request.netfn | 1) << 2 | request.lun))
    body = bytes((_BMC_ADDRESS, request.sequence << 2, request.command, code)) + data
    return head + bytes((checksum(head),)) + body + bytes((checksum(body),))


def checksum(data: bytes) -> int:
    """Return the byte that makes the sum of all bytes zero, modulo 256."""
    return -sum(data) & 0xFF
