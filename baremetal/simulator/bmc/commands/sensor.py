"""Commands of the sensors (IPMI 2.0, 35)."""

from baremetal.simulator.bmc.commands.contract import (
    SENSOR,
    Call,
    Command,
    CommandTable,
    CompletionError,
)
from baremetal.simulator.bmc.message import NOT_PRESENT
from baremetal.simulator.bmc.sensors import SENSORS, Sensor

_SCANNING, _UNAVAILABLE = 0x40, 0x20


def _reading(call: Call) -> bytes:
    """The raw value now and the thresholds that it has crossed (35.14)."""
    sensor = _sensor(call)
    value = sensor.read(call.chassis.identity.guid, powered_on=call.chassis.powered_on)
    if value is None:
        return bytes((0, _SCANNING | _UNAVAILABLE, 0xC0))
    return bytes((value, _SCANNING, 0xC0 | sensor.crossed(value)))


def _thresholds(call: Call) -> bytes:
    """Which thresholds can be read, and all six (35.9)."""
    thresholds = _sensor(call).thresholds
    return bytes((thresholds.mask, *thresholds.values))


def _hysteresis(call: Call) -> bytes:
    _sensor(call)
    return bytes(2)


def _event_enable(call: Call) -> bytes:
    """No events are generated (35.11)."""
    _sensor(call)
    return bytes((_SCANNING, 0, 0, 0, 0))


def _sensor(call: Call) -> Sensor:
    sensor = SENSORS.get(call.data[0])
    if sensor is None:
        raise CompletionError(NOT_PRESENT)
    return sensor


COMMANDS: CommandTable = {
    (SENSOR, 0x25): Command(_hysteresis, shortest=1),
    (SENSOR, 0x27): Command(_thresholds, shortest=1),
    (SENSOR, 0x29): Command(_event_enable, shortest=1),
    (SENSOR, 0x2D): Command(_reading, shortest=1),
}
