"""What the commands say and do."""

import struct

import pytest

from baremetal.simulator.bmc.boot_options import BootDevice
from baremetal.simulator.bmc.chassis import PowerAction
from baremetal.simulator.bmc.sensors import SENSOR_RECORDS, SENSORS
from tests.unit.simulator.console import GUID, Console, FakeTime, SwitchChassis, build_bmc

CHASSIS, SENSOR, APPLICATION, STORAGE = 0x00, 0x04, 0x06, 0x0A
SET_BOOT, GET_BOOT = 0x08, 0x09
PXE_ONCE = b"\x05\x80\x04\x00\x00\x00"
PXE_ALWAYS_UEFI = b"\x05\xe0\x04\x00\x00\x00"


@pytest.fixture
def now() -> FakeTime:
    return FakeTime()


@pytest.fixture
def parts(now: FakeTime) -> tuple[Console, SwitchChassis]:
    bmc, chassis = build_bmc(now)
    return Console(bmc).log_in(), chassis


@pytest.fixture
def console(parts: tuple[Console, SwitchChassis]) -> Console:
    return parts[0]


@pytest.fixture
def chassis(parts: tuple[Console, SwitchChassis]) -> SwitchChassis:
    return parts[1]


def test_an_unknown_command_is_invalid(console: Console) -> None:
    assert console.command(APPLICATION, 0x99) == (0xC1, b"")
    assert console.command(0x2C, 0x00, b"\x00") == (0xC1, b"")


def test_a_request_that_is_too_short_says_so(console: Console) -> None:
    assert console.command(CHASSIS, 0x02)[0] == 0xC7


def test_power_actions_reach_the_chassis(console: Console, chassis: SwitchChassis) -> None:
    for action in (1, 3, 2, 4, 5, 0):
        assert console.command(CHASSIS, 0x02, bytes((action,)))[0] == 0
    assert chassis.actions == [PowerAction(n) for n in (1, 3, 2, 4, 5, 0)]
    assert console.command(CHASSIS, 0x02, b"\x09")[0] == 0xCC
    assert console.command(CHASSIS, 0x02, b"\x02")[0] == 0xD5, "no cycle while off"


def test_a_user_may_look_but_not_switch(now: FakeTime) -> None:
    bmc, chassis = build_bmc(now)
    console = Console(bmc)
    console.role = 0x12
    console.log_in(privilege=0)
    assert console.command(CHASSIS, 0x01)[0] == 0
    assert console.command(CHASSIS, 0x02, b"\x01")[0] == 0xD4
    assert console.command(APPLICATION, 0x3B, b"\x04")[0] == 0x81
    assert chassis.actions == []


def test_outside_a_session_nothing_but_introductions_is_answered(now: FakeTime) -> None:
    console = Console(build_bmc(now)[0])
    assert console.plain_command(CHASSIS, 0x02, b"\x01")[0] == 0xD4
    assert console.plain_command(APPLICATION, 0x37) == (0, GUID)


def test_boot_flags_are_read_back_as_written(console: Console) -> None:
    assert console.command(CHASSIS, SET_BOOT, PXE_ALWAYS_UEFI)[0] == 0
    assert console.command(CHASSIS, GET_BOOT, b"\x05\x00\x00") == (0, b"\x01" + PXE_ALWAYS_UEFI)
    assert console.command(CHASSIS, GET_BOOT, b"\x07\x00\x00")[0] == 0x80


def test_a_one_shot_is_used_up_by_one_boot(console: Console, chassis: SwitchChassis) -> None:
    console.command(CHASSIS, SET_BOOT, PXE_ONCE)
    assert chassis.boot_options.take() == (BootDevice.PXE, False)
    assert chassis.boot_options.take() == (BootDevice.DEFAULT, None)
    assert console.command(CHASSIS, GET_BOOT, b"\x05\x00\x00")[1][2] == 0


def test_a_persistent_device_stays(console: Console, chassis: SwitchChassis, now: FakeTime) -> None:
    console.command(CHASSIS, SET_BOOT, PXE_ALWAYS_UEFI)
    now.seconds += 1000
    for _ in range(3):
        assert chassis.boot_options.take() == (BootDevice.PXE, True)


def test_a_one_shot_is_taken_back_after_a_minute(
    console: Console, chassis: SwitchChassis, now: FakeTime
) -> None:
    console.command(CHASSIS, SET_BOOT, PXE_ONCE)
    now.seconds += 61
    assert chassis.boot_options.take() == (BootDevice.DEFAULT, None)


def test_unless_the_console_forbids_that(chassis: SwitchChassis, now: FakeTime) -> None:
    chassis.boot_options.set(3, b"\x08")
    chassis.boot_options.set(5, PXE_ONCE[1:])
    now.seconds += 500
    assert chassis.boot_options.take() == (BootDevice.PXE, False)


def test_boot_acknowledge_changes_masked_bits_only(chassis: SwitchChassis) -> None:
    chassis.boot_options.set(4, b"\x1f\x15")
    chassis.boot_options.set(4, b"\x01\x00")
    assert chassis.boot_options.get(4) == b"\x00\x14"


def test_sensor_records_chain_to_the_end(console: Console) -> None:
    record, seen = 0, []
    while record != 0xFFFF:
        code, answer = console.command(STORAGE, 0x23, struct.pack("<HHBB", 0, record, 0, 0xFF))
        assert code == 0
        seen.append(answer[2:])
        record = int.from_bytes(answer[:2], "little")
    assert tuple(seen) == SENSOR_RECORDS
    assert all(len(record) == record[4] + 5 for record in seen)


def test_a_part_of_a_record_needs_the_newest_reservation(console: Console) -> None:
    old = console.command(STORAGE, 0x22)[1]
    new = console.command(STORAGE, 0x22)[1]
    part = b"\x01\x00\x05\x04"
    assert console.command(STORAGE, 0x23, old + part)[0] == 0xC5
    assert console.command(STORAGE, 0x23, new + part)[1][2:] == SENSOR_RECORDS[0][5:9]


def test_sensors_read_only_when_there_is_something_to_read(
    console: Console, chassis: SwitchChassis
) -> None:
    unavailable = {n for n in SENSORS if console.command(SENSOR, 0x2D, bytes((n,)))[1][1] & 0x20}
    assert unavailable == {2, 3, 4}
    chassis.powered_on = True
    for number in SENSORS:
        code, reading = console.command(SENSOR, 0x2D, bytes((number,)))
        assert (code, reading[1], reading[2]) == (0, 0x40, 0xC0), "no threshold is crossed"
    assert console.command(SENSOR, 0x2D, b"\x63")[0] == 0xCB


def test_crossed_thresholds_show() -> None:
    inlet = SENSORS[1]
    assert inlet.crossed(46) == 0b011000
    assert inlet.crossed(4) == 0b000001


def test_the_fru_holds_the_serial_number_and_sums_to_zero(console: Console) -> None:
    size = int.from_bytes(console.command(STORAGE, 0x10, b"\x00")[1][:2], "little")
    image = b""
    while len(image) < size:
        code, part = console.command(STORAGE, 0x11, struct.pack("<BHB", 0, len(image), 16))
        assert code == 0
        assert part[0] == len(part) - 1
        image += part[1:]
    assert image.count(b"SERIAL1") == 2
    for start in (image[3] * 8, image[4] * 8):
        assert sum(image[start : start + image[start + 1] * 8]) & 255 == 0
    assert console.command(STORAGE, 0x11, struct.pack("<BHB", 0, size, 16))[0] == 0xC9


def test_the_event_log_is_empty(console: Console) -> None:
    assert console.command(STORAGE, 0x40)[1][1:3] == b"\x00\x00"
    assert console.command(STORAGE, 0x43, bytes(6))[0] == 0xCB


def test_a_cold_reset_ends_all_sessions(now: FakeTime) -> None:
    bmc, _ = build_bmc(now)
    first, second = Console(bmc).log_in(), Console(bmc).log_in()
    assert first.command(APPLICATION, 0x02)[0] == 0
    assert second.send(second.packet(second.message(CHASSIS, 0x01))) is None
