"""Serial over LAN: what a machine says reaches one console, whole and in order."""

import struct
from collections.abc import Callable, Hashable

import pytest

from baremetal.simulator.bmc.serial_over_lan import RETRY_SECONDS
from baremetal.simulator.bmc.server import Bmc
from tests.unit.simulator.console import PEER, Console, FakeTime, build_bmc

ACTIVATE, DEACTIVATE, STATUS, INSTANCE = 0x48, 0x49, 0x4A, 0x4B
SOL = b"\x01\x01"
ALREADY, DISABLED = 0x80, 0x81


class Line:
    """A serial port whose machine is the test."""

    def __init__(self) -> None:
        self.typed = b""
        self.heard: Callable[[bytes], None] | None = None

    def listen(self, heard: Callable[[bytes], None]) -> None:
        self.heard = heard

    def leave(self) -> None:
        self.heard = None

    def write(self, data: bytes) -> None:
        self.typed += data

    def say(self, data: bytes) -> None:
        assert self.heard is not None
        self.heard(data)


class Alarm:
    def __init__(self, at: float, action: Callable[[], None]) -> None:
        self.at, self.action = at, action

    def cancel(self) -> None:
        self.action = lambda: None


class Ether:
    """What the BMC sends unasked, and the time it waits."""

    def __init__(self, now: FakeTime) -> None:
        self.now = now
        self.sent: list[bytes] = []
        self.alarms: list[Alarm] = []

    def send(self, datagram: bytes, peer: Hashable) -> None:
        assert peer == PEER
        self.sent.append(datagram)

    def later(self, seconds: float, action: Callable[[], None]) -> Alarm:
        self.alarms.append(Alarm(self.now() + seconds, action))
        return self.alarms[-1]

    def wait(self, seconds: float) -> None:
        self.now.seconds += seconds
        due = [alarm for alarm in self.alarms if alarm.at <= self.now()]
        self.alarms = [alarm for alarm in self.alarms if alarm not in due]
        for alarm in due:
            alarm.action()


class Viewer(Console):
    """A console that has the serial line."""

    ether: Ether

    def payload(self, number: int, acknowledged: int, accepted: int, typed: bytes = b"") -> None:
        head = bytes((number, acknowledged, accepted, 0))
        assert self.send(self.packet(head + typed, payload_type=1)) is None

    def received(self) -> list[bytes]:
        """The payloads that came since the last look."""
        came = [self.open_payload(packet, 1) for packet in self.ether.sent]
        self.ether.sent.clear()
        return came


class World:
    def __init__(self) -> None:
        self.now = FakeTime()
        self.bmc, chassis = build_bmc(self.now)
        self.line = chassis.serial = Line()
        self.ether = Ether(self.now)
        self.bmc.connect(self.ether)

    def viewer(self) -> Viewer:
        viewer = Viewer(self.bmc).log_in()
        viewer.ether = self.ether
        return viewer


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def viewer(world: World) -> Viewer:
    viewer = world.viewer()
    code, data = viewer.command(6, ACTIVATE, SOL + bytes(4))
    assert code == 0
    assert struct.unpack("<IHHHH", data)[3] == 623
    return viewer


def test_what_the_machine_says_arrives_and_the_next_waits_for_the_acknowledgement(
    world: World, viewer: Viewer
) -> None:
    world.line.say(b"SeaBIOS")
    world.line.say(b" (version")
    assert viewer.received() == [b"\x01\x00\x00\x00SeaBIOS"]
    viewer.payload(0, 1, 7)
    assert viewer.received() == [b"\x02\x00\x00\x00 (version"]


def test_what_is_not_acknowledged_is_sent_again_and_what_is_not_taken_too(
    world: World, viewer: Viewer
) -> None:
    world.line.say(b"booting")
    first = viewer.received()
    world.ether.wait(RETRY_SECONDS)
    assert viewer.received() == first
    viewer.payload(0, 1, 4)
    assert viewer.received() == [b"\x02\x00\x00\x00ing"]
    viewer.payload(0, 2, 3)
    world.ether.wait(RETRY_SECONDS)
    assert viewer.received() == []


def test_much_is_cut_into_packets_that_the_console_takes(world: World, viewer: Viewer) -> None:
    text = bytes(range(256)) * 3
    world.line.say(text)
    seen, numbers = b"", []
    while came := viewer.received():
        (packet,) = came
        seen += packet[4:]
        numbers.append(packet[0])
        viewer.payload(0, packet[0], len(packet) - 4)
    assert seen == text
    assert numbers == list(range(1, len(numbers) + 1))


def test_what_is_typed_reaches_the_machine_once(world: World, viewer: Viewer) -> None:
    viewer.payload(1, 0, 0, b"root\r")
    viewer.payload(1, 0, 0, b"root\r")
    assert world.line.typed == b"root\r"
    assert viewer.received() == [b"\x00\x01\x05\x00"] * 2
    viewer.payload(2, 0, 0, b"ls\r")
    assert world.line.typed == b"root\rls\r"


def test_the_line_is_one_consoles_until_it_is_taken_back(world: World, viewer: Viewer) -> None:
    other = world.viewer()
    assert other.command(6, ACTIVATE, SOL + bytes(4)) == (ALREADY, b"")
    assert other.command(6, STATUS, SOL[:1]) == (0, b"\x01\x01\x00")
    code, info = other.command(6, INSTANCE, SOL)
    assert (code, info[:4]) == (0, struct.pack("<I", viewer.session_id))
    world.ether.sent.clear()
    assert other.command(6, DEACTIVATE, SOL + bytes(4))[0] == 0
    assert viewer.received() == [b"\x00\x00\x00\x10"]
    assert world.line.heard is None
    assert other.command(6, DEACTIVATE, SOL + bytes(4)) == (ALREADY, b"")
    assert other.command(6, ACTIVATE, SOL + bytes(4))[0] == 0


@pytest.mark.parametrize("gone", ["closed", "silent"])
def test_a_console_that_is_gone_holds_nothing(world: World, viewer: Viewer, gone: str) -> None:
    if gone == "closed":
        assert viewer.command(6, 0x3C, struct.pack("<I", viewer.session_id))[0] == 0
    world.line.say(b"x")
    for _ in range(20):
        world.ether.wait(RETRY_SECONDS)
    assert world.line.heard is None
    assert world.viewer().command(6, ACTIVATE, SOL + bytes(4))[0] == 0


def test_its_settings_can_be_read(viewer: Viewer) -> None:
    assert viewer.command(0x0C, 0x22, b"\x0e\x01\x00\x00") == (0, b"\x11\x01")
    assert viewer.command(0x0C, 0x22, b"\x0e\x08\x00\x00") == (0, b"\x11\x6f\x02")
    assert viewer.command(0x0C, 0x22, b"\x0e\x63\x00\x00") == (0x80, b"")


def test_a_machine_without_a_serial_line_says_so() -> None:
    bmc: Bmc
    bmc, _chassis = build_bmc(FakeTime())
    console = Console(bmc).log_in()
    assert console.command(6, ACTIVATE, SOL + bytes(4)) == (DISABLED, b"")
    assert console.command(0x0C, 0x22, b"\x0e\x01\x00\x00") == (0, b"\x11\x00")
