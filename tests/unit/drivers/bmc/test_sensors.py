import struct

import pytest

from baremetal.drivers.bmc.address import BmcAddress, RawCommand
from baremetal.drivers.bmc.errors import BmcCommandFailed, BmcNoAnswer, BmcProtocolError
from baremetal.drivers.bmc.sensors import Health, SensorReading, get_sensors
from tests.unit.drivers.bmc.wire import ADDRESS, Wire

GET_DEVICE_ID, REPOSITORY_INFO, RESERVE, GET_SDR = (6, 1), (10, 0x20), (10, 0x22), (10, 0x23)
GET_READING = (4, 0x2D)


class Bmc:
    """A BMC of a few records and readings; another device id for each test, as caches go by it."""

    made = 0

    def __init__(self, records: list[bytes], readings: dict[int, bytes]) -> None:
        Bmc.made += 1
        self.records = records
        self.readings = readings
        self.asked: list[tuple[int, int]] = []

    def execute(self, bmc: BmcAddress, command: RawCommand, timeout: float = 30.0) -> bytes:
        what = (command.netfn, command.command)
        self.asked.append(what)
        if what == GET_DEVICE_ID:
            return struct.pack("<BBBBBB", 0x20, 1, 1, 0, 2, 0xBF) + struct.pack(
                "<IHI", 7, Bmc.made, 0
            )
        if what == REPOSITORY_INFO:
            return struct.pack("<BHHIIB", 0x51, len(self.records), 0xFFFF, Bmc.made, 0, 0x2F)
        if what == GET_SDR:
            number = int.from_bytes(command.data[2:4], "little")
            following = number + 1 if number + 1 < len(self.records) else 0xFFFF
            return struct.pack("<H", following) + self.records[number]
        if what == GET_READING and command.data[0] in self.readings:
            return self.readings[command.data[0]]
        raise BmcCommandFailed.declined(bmc, *what, 0xCB)


def compact_record(number: int, name: bytes, *, kind: int, reading: int, tag: int) -> bytes:
    """A compact sensor record (IPMI 2.0, table 43-2)."""
    body = struct.pack("<BBBBBBBBB", 0x20, 0, number, 7, 1, 0x67, 0x40, kind, reading)
    body += struct.pack("<HHHBBB", 0, 0, 0xFF, 0xC0, 0, 0) + bytes(8) + bytes([tag]) + name
    return struct.pack("<HBBB", number, 0x51, 0x02, len(body)) + body


def test_the_sensors_of_a_simulated_machine() -> None:
    sensors = {sensor.name: sensor for sensor in get_sensors(Wire(), ADDRESS)}
    inlet = sensors["Inlet Temp"]
    assert inlet.kind == "Temperature"
    assert inlet.value is not None
    assert 15 < inlet.value < 35
    assert inlet.unit == "°C"
    assert (inlet.health, inlet.states, inlet.available) == (Health.OK, (), True)
    assert sensors["System Fan 1"].unit == "RPM"
    volts = sensors["P12V"].value
    assert volts is not None
    assert 11 < volts < 13


def test_sensors_without_a_reading_say_so() -> None:
    wire = Wire()
    wire.chassis.powered_on = False
    sensors = {sensor.name: sensor for sensor in get_sensors(wire, ADDRESS)}
    assert sensors["Inlet Temp"].available
    fan = sensors["System Fan 1"]
    assert (fan.available, fan.value) == (False, None)


def test_one_session_serves_and_descriptions_are_read_once() -> None:
    wire = Wire()
    get_sensors(wire, ADDRESS)
    commands = wire.counters.commands
    get_sensors(wire, ADDRESS)
    assert wire.counters.logins == 1
    assert wire.counters.commands - commands <= 7


def test_a_sensor_of_states_has_no_value() -> None:
    record = compact_record(9, b"PSU1", kind=8, reading=0x6F, tag=0xC4)
    bmc = Bmc([record], {9: bytes([0, 0xC0, 0b11, 0x80])})
    assert get_sensors(bmc, ADDRESS) == [
        SensorReading(
            name="PSU1",
            number=9,
            kind="Power Supply",
            value=None,
            unit="",
            states=("Present", "Failure"),
            health=Health.CRITICAL,
            available=True,
        )
    ]


@pytest.mark.parametrize(
    ("tag", "name", "text"),
    [
        (0xC3, b"PSU", "PSU"),
        (0xC4, b"Tem\xe9", "Temé"),
        (0x03, "Té".encode(), "Té"),
        (0x83, bytes.fromhex("29dca6"), "IPMI"),  # the example of IPMI 2.0, table 43-15
        (0x42, b"\x12\xb3", "12-3"),
    ],
)
def test_names_in_every_encoding(tag: int, name: bytes, text: str) -> None:
    record = compact_record(1, name, kind=8, reading=0x6F, tag=tag)
    (sensor,) = get_sensors(Bmc([record], {1: b"\x00\xc0\x00"}), ADDRESS)
    assert sensor.name == text


def test_what_cannot_be_decoded_is_left_out() -> None:
    good = compact_record(1, b"PSU1", kind=8, reading=0x6F, tag=0xC4)
    gone = compact_record(2, b"PSU2", kind=8, reading=0x6F, tag=0xC4)
    short = compact_record(3, b"PSU3", kind=8, reading=0x6F, tag=0xC4)[:12]
    odd = good[:20] + b"\xff" * 6
    bmc = Bmc([good, gone, short, odd], {1: b"\x00\xc0", 3: b"\x00\xc0", 0xFF: b"\x00\xc0"})
    assert [sensor.name for sensor in get_sensors(bmc, ADDRESS)] == ["PSU1"]


def test_a_bmc_that_leads_round_in_circles_ends_with_the_time() -> None:
    class Circle(Bmc):
        def execute(self, bmc: BmcAddress, command: RawCommand, timeout: float = 30.0) -> bytes:
            if (command.netfn, command.command) == GET_SDR:
                raise BmcCommandFailed.declined(bmc, *GET_SDR, 0xC5)
            return b"\x01\x00" if command.command == RESERVE[1] else super().execute(bmc, command)

    seconds = iter(range(10_000))
    with pytest.raises(BmcNoAnswer, match="sensors"):
        get_sensors(Circle([b""], {}), ADDRESS, 60.0, lambda: float(next(seconds)))


def test_a_repository_that_cannot_be_read_is_no_traceback() -> None:
    with pytest.raises(BmcProtocolError, match="describes its sensors"):
        get_sensors(Bmc([b"\x00\x00\x51"], {}), ADDRESS)
