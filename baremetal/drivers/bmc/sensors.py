"""The sensors of a machine, read over the one session, decoded by pyghmi's SDR module."""

import enum
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pyghmi.constants import Health as PyghmiHealth
from pyghmi.exceptions import PyghmiException
from pyghmi.ipmi.private import constants as event_constants
from pyghmi.ipmi.sdr import SDR, SDREntry

from baremetal.drivers.bmc.address import BmcAddress, CommandBus, RawCommand
from baremetal.drivers.bmc.errors import BmcCommandFailed, BmcNoAnswer, BmcProtocolError

#: IPMI 2.0, 35.14.
_SENSOR_EVENT: Final = 0x04
_GET_SENSOR_READING: Final = 0x2D
#: The slave address of the BMC itself; sensors of other controllers would need bridging.
_BMC: Final = 0x20
#: What pyghmi raises on records and readings that are shorter or stranger than it thinks.
_UNDECODABLE: Final = (
    ArithmeticError,
    LookupError,
    NotImplementedError,
    PyghmiException,
    TypeError,
    ValueError,
)


class Health(enum.StrEnum):
    """How bad the worst of a sensor's states is."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SensorReading:
    """One sensor, now.

    `value` is None for sensors that only have states, and when there is no reading
    (`available` is false: such as a fan's while the machine is off). `unit` is a word such
    as °C or RPM; `kind` is the sensor type of IPMI 2.0, table 42-3, such as Temperature.
    """

    name: str
    number: int
    kind: str
    value: float | None
    unit: str
    states: tuple[str, ...]
    health: Health
    available: bool


def get_sensors(
    bus: CommandBus,
    bmc: BmcAddress,
    timeout: float = 60.0,
    monotonic: Callable[[], float] = time.monotonic,
) -> list[SensorReading]:
    """All sensors of the BMC itself, in at most `timeout` seconds.

    The sensors' descriptions are read once for each kind and firmware of BMC; after that,
    it takes one command for each sensor.

    :raises BmcError: in one of its kinds
    """
    channel = _Channel(bus, bmc, monotonic() + timeout, monotonic)
    try:
        repository = _Repository(channel)
    except _UNDECODABLE as error:
        what = f"describes its sensors in a way that cannot be read ({type(error).__name__})"
        raise BmcProtocolError.nonsense(bmc, what) from error
    readings = []
    for entry in list(repository.sensors.values()):
        if entry.readable and entry.sensor_owner == _BMC:
            reading = _read(channel, entry)
            if reading is not None:
                readings.append(reading)
    return readings


class _Channel:
    """The part of pyghmi's `Command` that its SDR module uses, on top of the bus."""

    def __init__(
        self,
        bus: CommandBus,
        bmc: BmcAddress,
        deadline: float,
        monotonic: Callable[[], float],
    ) -> None:
        self._bus = bus
        self._bmc = bmc
        self._deadline = deadline
        self._monotonic = monotonic

    def xraw_command(
        self, netfn: int, command: int, data: bytes | list[int] = b"", rslun: int = 0
    ) -> dict[str, Any]:
        """Pyghmi's form of an answer; raises when the BMC declines."""
        # pyghmi repeats some commands for as long as a BMC gives the same answer.
        left = self._deadline - self._monotonic()
        if left <= 0:
            raise BmcNoAnswer.out_of_time(self._bmc, waited_for="its sensors")
        request = RawCommand(netfn, command, bytes(data), rslun)
        return {"code": 0, "data": self._bus.execute(self._bmc, request, left)}

    def raw_command(
        self, netfn: int, command: int, data: bytes | list[int] = b"", rslun: int = 0
    ) -> dict[str, Any]:
        """Pyghmi's form of an answer, with the completion code."""
        try:
            return self.xraw_command(netfn, command, data, rslun)
        except BmcCommandFailed as error:
            return {"code": error.completion_code, "error": error.message, "data": b""}

    def get_event_constants(self) -> Any:
        """The tables of sensor types and states."""
        return event_constants


class _Entry(SDREntry):  # type: ignore[misc]  # pyghmi has no types
    """A sensor's description; pyghmi's own would spin for ever on a packed name."""

    def tlv_decode(self, tlv: int, data: bytes) -> str:
        """The text of a type/length field (IPMI 2.0, 43.15)."""
        kind, length = tlv >> 6, tlv & 0x1F
        if kind == 2:
            return _unpack_six_bits(bytes(data[:length])).strip()
        if kind == 1:
            digits = "0123456789 -.:,_"
            return "".join(digits[byte >> 4] + digits[byte & 15] for byte in data[:length])
        encoding = "utf-8" if kind == 0 else "latin-1"
        return bytes(data[:length]).decode(encoding, "replace").rstrip("\0")


class _Repository(SDR):  # type: ignore[misc]  # pyghmi has no types
    """The sensor data records of one BMC; records that cannot be decoded are left out."""

    def make_sdr_entry(self, sdrbytes: bytes) -> SDREntry:
        return _Entry(
            sdrbytes, self.ipmicmd.get_event_constants(), False, self.mfg_id, self.prod_id
        )

    def add_sdr(self, sdrbytes: bytes) -> None:
        try:
            super().add_sdr(sdrbytes)
        except _UNDECODABLE:
            return


def _unpack_six_bits(packed: bytes) -> str:
    """6-bit packed ASCII (IPMI 2.0, table 43-15): the first character in the lowest bits."""
    bits = int.from_bytes(packed, "little")
    return "".join(chr((bits >> 6 * i & 0x3F) + 0x20) for i in range(len(packed) * 8 // 6))


def _read(channel: _Channel, entry: SDREntry) -> SensorReading | None:
    number = bytes([entry.sensor_number])
    try:
        answer = channel.xraw_command(
            _SENSOR_EVENT, _GET_SENSOR_READING, number, rslun=entry.sensor_lun
        )
    except BmcCommandFailed:
        return None  # described, but not there: an option that this machine does not have
    data = bytes(answer["data"])
    if len(data) < 2:
        return None
    try:
        # Byte 3, the states, is optional.
        decoded = entry.decode_sensor_reading(channel, data.ljust(3, b"\0"))
    except _UNDECODABLE:
        return None
    value = decoded.value
    if value is not None:
        # Drop the noise of pyghmi's averaging, keep what a sensor can tell.
        value = round(float(value), 3) if math.isfinite(value) else None
    return SensorReading(
        name=entry.sensor_name,
        number=entry.sensor_number,
        kind=entry.sensor_type,
        value=value,
        unit=entry.unit_suffix,
        states=tuple(decoded.states),
        health=_health(decoded.health),
        available=not decoded.unavailable,
    )


def _health(flags: int) -> Health:
    if flags & PyghmiHealth.Failed:
        return Health.FAILED
    if flags & PyghmiHealth.Critical:
        return Health.CRITICAL
    return Health.WARNING if flags & PyghmiHealth.Warning else Health.OK
