"""Commands of the stores: FRU inventory, sensor data records, event log (IPMI 2.0, 31, 33, 34)."""

import struct
import time

from baremetal.simulator.bmc.commands.contract import (
    STORAGE,
    Call,
    Command,
    CommandTable,
    CompletionError,
)
from baremetal.simulator.bmc.fru import fru_image
from baremetal.simulator.bmc.handshake import OPERATOR
from baremetal.simulator.bmc.message import (
    INVALID_FIELD,
    INVALID_RESERVATION,
    NOT_PRESENT,
    OUT_OF_RANGE,
)
from baremetal.simulator.bmc.sensors import REPOSITORY_TIMESTAMP, SENSOR_RECORDS

_VERSION = 0x51
_LAST_RECORD = 0xFFFF
_LONGEST_FRU_READ = 128


def _fru_area(call: Call) -> bytes:
    """The size of FRU device 0, accessed by bytes (34.1)."""
    return struct.pack("<HB", len(_fru(call)), 0)


def _read_fru(call: Call) -> bytes:
    """Part of FRU device 0, with its length (34.2)."""
    image = _fru(call)
    offset, count = struct.unpack_from("<HB", call.data, 1)
    if offset >= len(image):
        raise CompletionError(OUT_OF_RANGE)
    part = image[offset : offset + min(count, _LONGEST_FRU_READ)]
    return bytes((len(part),)) + part


def _fru(call: Call) -> bytes:
    if call.data[0]:
        raise CompletionError(NOT_PRESENT)
    return fru_image(call.chassis.identity)


def _sdr_info(_call: Call) -> bytes:
    """A repository that nobody changes and that reserves (33.9)."""
    return struct.pack(
        "<BHHIIB",
        _VERSION,
        len(SENSOR_RECORDS),
        0,
        REPOSITORY_TIMESTAMP,
        REPOSITORY_TIMESTAMP,
        0x22,
    )


def _reserve_sdr(call: Call) -> bytes:
    controller = call.controller
    controller.sdr_reservation = controller.sdr_reservation % 0xFFFF + 1
    return struct.pack("<H", controller.sdr_reservation)


def _get_sdr(call: Call) -> bytes:
    """The number of the next record, and part of this one (33.12)."""
    reservation, record, offset, count = struct.unpack_from("<HHBB", call.data)
    if offset and reservation != call.controller.sdr_reservation:
        raise CompletionError(INVALID_RESERVATION)
    number = len(SENSOR_RECORDS) if record == _LAST_RECORD else max(record, 1)
    if number > len(SENSOR_RECORDS):
        raise CompletionError(NOT_PRESENT)
    data = SENSOR_RECORDS[number - 1]
    if offset > len(data):
        raise CompletionError(INVALID_FIELD)
    following = number + 1 if number < len(SENSOR_RECORDS) else _LAST_RECORD
    return struct.pack("<H", following) + data[offset : offset + count]


def _sel_info(_call: Call) -> bytes:
    """An empty event log (31.2)."""
    return struct.pack("<BHHIIB", _VERSION, 0, 0xFFFF, 0, 0, 0x02)


def _reserve_sel(_call: Call) -> bytes:
    return b"\x01\x00"


def _get_sel_entry(_call: Call) -> bytes:
    raise CompletionError(NOT_PRESENT)


def _clear_sel(_call: Call) -> bytes:
    return b"\x01"


def _sel_time(_call: Call) -> bytes:
    return struct.pack("<I", int(time.time()))


COMMANDS: CommandTable = {
    (STORAGE, 0x10): Command(_fru_area, shortest=1),
    (STORAGE, 0x11): Command(_read_fru, shortest=4),
    (STORAGE, 0x20): Command(_sdr_info),
    (STORAGE, 0x22): Command(_reserve_sdr),
    (STORAGE, 0x23): Command(_get_sdr, shortest=6),
    (STORAGE, 0x40): Command(_sel_info),
    (STORAGE, 0x42): Command(_reserve_sel),
    (STORAGE, 0x43): Command(_get_sel_entry, shortest=6),
    (STORAGE, 0x47): Command(_clear_sel, OPERATOR, shortest=6),
    (STORAGE, 0x48): Command(_sel_time),
}
