"""A bootable CD that says one thing on the serial port, and stops."""

import struct
from pathlib import Path

_SECTOR = 2048
_CATALOG, _PROGRAM, _SECTORS = 19, 20, 21
#: Where firmware puts the program, and jumps to (El Torito 1.0, 2.2).
_LOADED_AT = 0x7C00
#: xor ax,ax; mov ds,ax; cld; mov dx,0x3f8; mov si,TEXT
_BEGIN = b"\x31\xc0\x8e\xd8\xfc\xba\xf8\x03\xbe"
#: again: lodsb; test al,al; jz end; out dx,al; jmp again; end: hlt; jmp end
_SAY = b"\xac\x84\xc0\x74\x03\xee\xeb\xf8\xf4\xeb\xfd"


def write_boot_image(path: Path, text: str) -> None:
    """Write the CD's image, for machines with a BIOS."""
    image = bytearray(_SECTOR * _SECTORS)
    record = b"\x00CD001\x01" + b"EL TORITO SPECIFICATION".ljust(64, b"\x00")
    _put(image, 16, b"\x01CD001\x01")
    _put(image, 17, record + struct.pack("<I", _CATALOG))
    _put(image, 18, b"\xffCD001\x01")
    _put(image, _CATALOG, _catalog())
    _put(image, _PROGRAM, _program(text))
    path.write_bytes(image)


def _catalog() -> bytes:
    """The validation entry, and one that boots a sector without emulation (2.1, 2.2)."""
    body = b"\x01" + bytes(27)
    key = b"\x55\xaa"
    checksum = -sum(struct.unpack("<14H", body)) - struct.unpack("<H", key)[0] & 0xFFFF
    entry = struct.pack("<BBHBBHI", 0x88, 0, 0, 0, 0, 4, _PROGRAM)
    return body + struct.pack("<H", checksum) + key + entry


def _program(text: str) -> bytes:
    at = _LOADED_AT + len(_BEGIN) + 2 + len(_SAY)
    return _BEGIN + struct.pack("<H", at) + _SAY + text.encode() + b"\x00"


def _put(image: bytearray, sector: int, data: bytes) -> None:
    image[sector * _SECTOR : sector * _SECTOR + len(data)] = data
