import pytest

from baremetal.drivers.bmc.chassis import (
    Power,
    PowerAction,
    PowerReading,
    decode_chassis_status,
    encode_chassis_control,
    get_power,
    read_chassis,
    set_power,
)
from baremetal.drivers.bmc.errors import BmcCommandFailed, BmcProtocolError
from tests.unit.drivers.bmc.wire import ADDRESS, Wire


class Answers:
    """A bus on which every BMC answers the same."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def execute(self, bmc: object, command: object, timeout: float = 30.0) -> bytes:
        return self.data


@pytest.mark.parametrize(
    ("data", "reading"),
    [
        ("010000", PowerReading(Power.ON, "always-off")),
        ("000000", PowerReading(Power.OFF, "always-off")),
        ("21104000", PowerReading(Power.ON, "previous")),
        ("40000c", PowerReading(Power.OFF, "always-on", cooling_fault=True, drive_fault=True)),
        ("7b0000", PowerReading(Power.ON, "unknown", power_fault=True, power_overload=True)),
    ],
)
def test_chassis_status_is_decoded(data: str, reading: PowerReading) -> None:
    assert decode_chassis_status(bytes.fromhex(data)) == reading


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x01\x00"])
def test_a_short_chassis_status_is_refused(data: bytes) -> None:
    with pytest.raises(BmcProtocolError, match="Get Chassis Status"):
        read_chassis(Answers(data), ADDRESS)


@pytest.mark.parametrize(
    ("action", "data", "repeatable"),
    [
        (PowerAction.OFF, 0, True),
        (PowerAction.ON, 1, True),
        (PowerAction.CYCLE, 2, False),
        (PowerAction.RESET, 3, False),
        (PowerAction.NMI, 4, False),
        (PowerAction.SOFT, 5, False),
    ],
)
def test_chassis_control_is_encoded(action: PowerAction, data: int, *, repeatable: bool) -> None:
    command = encode_chassis_control(action)
    assert (command.netfn, command.command, command.data) == (0, 2, bytes([data]))
    assert command.repeatable is repeatable


def test_power_goes_on_and_off_and_is_read_back() -> None:
    wire = Wire()
    set_power(wire, ADDRESS, "off")
    assert get_power(wire, ADDRESS) == "off"
    set_power(wire, ADDRESS, PowerAction.ON)
    assert get_power(wire, ADDRESS) is Power.ON


def test_a_machine_that_is_off_cannot_be_reset() -> None:
    wire = Wire()
    set_power(wire, ADDRESS, "off")
    with pytest.raises(BmcCommandFailed) as failure:
        set_power(wire, ADDRESS, "reset")
    assert failure.value.completion_code == 0xD5


def test_an_unknown_action_is_refused_before_anything_is_sent() -> None:
    wire = Wire()
    with pytest.raises(ValueError, match="explode"):
        set_power(wire, ADDRESS, "explode")
    assert not wire.sent
