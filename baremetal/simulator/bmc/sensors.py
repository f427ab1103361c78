"""The sensors that every simulated machine has, and their data records (IPMI 2.0, 43.1)."""

import struct
import zlib
from collections.abc import Callable
from typing import NamedTuple

_TEMPERATURE, _VOLTAGE, _FAN, _OTHER = 0x01, 0x02, 0x04, 0x0B
_CELSIUS, _VOLTS, _WATTS, _RPM = 1, 4, 6, 18

# A timestamp of the repository changes with its content: consoles cache by it.
_FIRST_TIMESTAMP = 1_700_000_000


class Thresholds(NamedTuple):
    """Raw values; None where there is no such threshold.

    In the order of the threshold mask's bits: lower, then upper; non-critical first.
    """

    lower_noncritical: int | None = None
    lower_critical: int | None = None
    lower_nonrecoverable: int | None = None
    upper_noncritical: int | None = None
    upper_critical: int | None = None
    upper_nonrecoverable: int | None = None

    @property
    def mask(self) -> int:
        """One bit for each threshold that there is."""
        return sum(1 << bit for bit, value in enumerate(self) if value is not None)

    @property
    def values(self) -> tuple[int, ...]:
        """All six, 0 for those that there are not."""
        return tuple(value or 0 for value in self)


class Sensor(NamedTuple):
    """One analog sensor: a value is ``raw * factor * 10 ** exponent`` in its unit.

    :ivar usual: the raw value of a typical machine that is on; each differs by a little.
    :ivar standby: the raw value while it is off; None: there is no reading then.
    """

    number: int
    name: str
    kind: int
    unit: int
    entity: int
    factor: int
    exponent: int
    usual: int
    spread: int
    standby: int | None
    thresholds: Thresholds

    def read(self, guid: bytes, *, powered_on: bool) -> int | None:
        """Return the raw value, the same each time for one machine in one power state."""
        base = self.usual if powered_on else self.standby
        if base is None:
            return None
        return base + zlib.crc32(guid, self.number) % (self.spread + 1)

    def crossed(self, value: int) -> int:
        """Return the mask of the thresholds at or beyond which the raw value is."""
        tests: tuple[Callable[[int, int], bool], ...] = (int.__le__,) * 3 + (int.__ge__,) * 3
        return sum(
            1 << bit
            for bit, (beyond, limit) in enumerate(zip(tests, self.thresholds, strict=True))
            if limit is not None and beyond(value, limit)
        )

    def record(self) -> bytes:
        """Return the full sensor record, whose id is the sensor's number (table 43-1)."""
        name = self.name.encode("ascii")
        limits = self.thresholds.values
        body = struct.pack(
            "<BBB BBBBBB HHBB BBBB",
            *(0x20, 0, self.number),
            # Readable thresholds, re-armed by themselves, no events.
            *(self.entity, 1, 0x7F, 0x47, self.kind, 0x01),
            *(self.thresholds.mask % 8 << 12, self.thresholds.mask // 8 << 12),
            *(self.thresholds.mask, 0),
            *(0x00, self.unit, 0, 0),
        )
        # Factor, offset and their exponents; the offset is always 0.
        body += bytes((self.factor, 0, 0, 0, 0, (self.exponent & 0x0F) << 4))
        body += bytes((0x01, self.usual, 0, 0, 0xFF, 0x00))
        body += bytes((limits[5], limits[4], limits[3], limits[2], limits[1], limits[0]))
        body += bytes((0, 0, 0, 0, 0, 0xC0 | len(name))) + name
        return struct.pack("<HBBB", self.number, 0x51, 0x01, len(body)) + body


_ALL = (
    Sensor(
        *(1, "Inlet Temp", _TEMPERATURE, _CELSIUS, 0x37, 1, 0, 21, 5, 20),
        Thresholds(5, 0, None, 40, 45, 50),
    ),
    Sensor(
        *(2, "CPU1 Temp", _TEMPERATURE, _CELSIUS, 0x03, 1, 0, 44, 12, None),
        Thresholds(None, None, None, 85, 95, 105),
    ),
    Sensor(
        *(3, "System Fan 1", _FAN, _RPM, 0x1D, 50, 0, 104, 10, None),
        Thresholds(20, 12),
    ),
    Sensor(
        *(4, "P12V", _VOLTAGE, _VOLTS, 0x07, 6, -2, 199, 2, None),
        Thresholds(190, 180, None, 210, 220),
    ),
    Sensor(
        *(5, "PSU1 Input", _OTHER, _WATTS, 0x0A, 4, 0, 32, 12, 2),
        Thresholds(None, None, None, 200, 240),
    ),
)

SENSORS = {sensor.number: sensor for sensor in _ALL}
SENSOR_RECORDS = tuple(sensor.record() for sensor in _ALL)
"""The repository: record ids count from 1."""

REPOSITORY_TIMESTAMP = _FIRST_TIMESTAMP + zlib.crc32(b"".join(SENSOR_RECORDS)) % 10_000_000
