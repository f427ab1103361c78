"""The FRU inventory: board and product with serial number (IPMI Platform Management FRU 1.0)."""

import functools
import itertools

from baremetal.simulator.bmc.chassis import Identity
from baremetal.simulator.bmc.message import checksum

_ENGLISH = 25
_MANUFACTURED = (28 * 365 * 24 * 60).to_bytes(3, "little")
"""Minutes since the beginning of 1996."""


@functools.lru_cache(maxsize=32)
def fru_image(identity: Identity) -> bytes:
    """Return the whole inventory: common header, board area, product area."""
    board = _area(
        _MANUFACTURED,
        (identity.manufacturer, identity.product, identity.serial, "Simulated board"),
    )
    product = _area(b"", (identity.manufacturer, identity.product, "", "1.0", identity.serial, ""))
    starts = itertools.accumulate((1, len(board) // 8))
    header = bytes((1, 0, 0, *starts, 0, 0))
    return header + bytes((checksum(header),)) + board + product


def _area(prefix: bytes, fields: tuple[str, ...]) -> bytes:
    """Return an area: length in 8 bytes, language, ``prefix``, text fields, end mark, checksum."""
    body = bytes((_ENGLISH,)) + prefix + b"".join(_text(field) for field in fields)
    # No FRU file id, then the end of the fields.
    body += b"\x00\xc1"
    length = -(-(len(body) + 3) // 8)
    area = (bytes((1, length)) + body).ljust(length * 8 - 1, b"\x00")
    return area + bytes((checksum(area),))


def _text(field: str) -> bytes:
    """Return one 8-bit text field; a lone character is padded, as 0xC1 would end the area."""
    data = field.encode("latin-1", "replace")[:63]
    if not data:
        return b"\x00"
    return bytes((0xC0 | max(len(data), 2),)) + data.ljust(2)
