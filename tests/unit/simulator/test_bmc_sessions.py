"""Opening, keeping and losing RMCP+ sessions."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baremetal.simulator.bmc.cipher_suites import SUITE_17, SUITES, SessionKeys
from baremetal.simulator.bmc.rmcp import MalformedPacket
from baremetal.simulator.bmc.sessions import Arrival, Session
from tests.unit.simulator.console import PEER, Console, FakeTime, build_bmc

GET_POWER = (0x00, 0x01)


@pytest.mark.parametrize("suite", [3, 17])
def test_a_session_proves_both_sides_and_carries_commands(suite: int) -> None:
    bmc, _ = build_bmc(FakeTime())
    console = Console(bmc, suite).log_in()
    assert console.command(*GET_POWER) == (0, b"\x00\x00\x40")
    code, _data = console.command(6, 0x3C, struct.pack("<I", console.session_id))
    assert code == 0
    assert len(bmc.sessions) == 0
    assert console.send(console.packet(console.message(*GET_POWER))) is None


def test_the_suites_on_offer_are_listed_outside_a_session() -> None:
    console = Console(build_bmc(FakeTime())[0])
    assert console.plain_command(6, 0x54, b"\x0e\x00\x80") == (
        0,
        bytes.fromhex("01 c003014181 c011034481"),
    )
    code, capabilities = console.plain_command(6, 0x38, b"\x8e\x04")
    assert code == 0
    assert capabilities[1] & 0x80
    assert capabilities[3] & 0x02


def test_a_presence_ping_is_answered_with_its_tag() -> None:
    bmc, _ = build_bmc(FakeTime())
    pong = bmc.answer(bytes.fromhex("0600ff06 000011be 80 2a 00 00"), PEER)
    assert pong is not None
    assert pong[8:10] == b"\x40\x2a"
    assert pong[20] & 0x80, "IPMI is supported"


@pytest.mark.parametrize(
    ("suite", "status"),
    [(1, 0x11), (0, 0x11)],
)
def test_other_suites_are_refused(suite: int, status: int) -> None:
    console = Console(build_bmc(FakeTime())[0], suite)
    answer = console.handshake(0x10, console.open_request())
    assert answer is not None
    assert answer[1] == status


def test_the_strongest_suite_is_taken_when_the_console_leaves_it_open() -> None:
    bmc, _ = build_bmc(FakeTime())
    console = Console(bmc)
    request = bytearray(console.open_request())
    for offset in (8, 16, 24):
        request[offset + 3] = request[offset + 4] = 0
    answer = console.handshake(0x10, bytes(request))
    assert answer is not None
    assert (answer[16], answer[24], answer[32]) == (3, 4, 1)


def test_an_unknown_user_is_told_so() -> None:
    console = Console(build_bmc(FakeTime())[0], username=b"nobody")
    opened = console.handshake(0x10, console.open_request())
    assert opened is not None
    (console.session_id,) = struct.unpack_from("<I", opened, 8)
    answer = console.handshake(0x12, console.rakp_1())
    assert answer == struct.pack("<BBxxI", 2, 0x0D, console.console_id)


def test_a_wrong_password_shows_in_rakp_2_and_is_refused_in_rakp_4() -> None:
    bmc, _ = build_bmc(FakeTime())
    console = Console(bmc, password=b"guess")
    opened = console.handshake(0x10, console.open_request())
    assert opened is not None
    (console.session_id,) = struct.unpack_from("<I", opened, 8)
    challenge = console.handshake(0x12, console.rakp_1())
    assert challenge is not None
    assert challenge[1] == 0
    answer = console.handshake(0x14, console.rakp_3(challenge[8:24]))
    assert answer == struct.pack("<BBxxI", 3, 0x0F, console.console_id)
    assert len(bmc.sessions) == 0


def test_a_console_that_dislikes_rakp_2_gets_no_answer() -> None:
    bmc, _ = build_bmc(FakeTime())
    console = Console(bmc)
    opened = console.handshake(0x10, console.open_request())
    assert opened is not None
    (console.session_id,) = struct.unpack_from("<I", opened, 8)
    console.handshake(0x12, console.rakp_1())
    assert console.handshake(0x14, struct.pack("<BBxxI", 3, 0x0F, console.session_id)) is None
    assert len(bmc.sessions) == 0


def test_each_handshake_message_can_be_repeated() -> None:
    bmc, _ = build_bmc(FakeTime())
    console = Console(bmc)
    opened = console.handshake(0x10, console.open_request())
    assert opened is not None
    assert console.handshake(0x10, console.open_request()) == opened
    (console.session_id,) = struct.unpack_from("<I", opened, 8)
    challenge = console.handshake(0x12, console.rakp_1())
    assert challenge is not None
    assert console.handshake(0x12, console.rakp_1()) == challenge
    admission = console.handshake(0x14, console.rakp_3(challenge[8:24]))
    assert admission is not None
    assert admission[1] == 0
    assert console.handshake(0x14, console.rakp_3(challenge[8:24])) == admission
    assert len(bmc.sessions) == 1


def test_two_consoles_that_send_the_same_bytes_have_two_sessions() -> None:
    bmc, _ = build_bmc(FakeTime())
    payload = Console(bmc).open_request()
    packet = b"\x06\x00\xff\x07" + struct.pack("<BBIIH", 6, 0x10, 0, 0, len(payload)) + payload
    first, second = bmc.answer(packet, ("192.0.2.1", 1)), bmc.answer(packet, ("192.0.2.1", 2))
    assert first is not None
    assert second is not None
    assert first[24:28] != second[24:28]


def test_sessions_are_capped_and_a_refusal_says_insufficient_resources() -> None:
    bmc, _ = build_bmc(FakeTime(), max_sessions=2)
    consoles = [Console(bmc).log_in() for _ in range(2)]
    late = Console(bmc)
    answer = late.handshake(0x10, late.open_request())
    assert answer == struct.pack("<BBxxI", 1, 0x01, late.console_id)
    consoles[0].command(6, 0x3C, struct.pack("<I", consoles[0].session_id))
    late.log_in()


def test_unfinished_handshakes_make_room_the_oldest_first() -> None:
    now = FakeTime()
    bmc, _ = build_bmc(now, max_sessions=2)
    Console(bmc).log_in()
    half = Console(bmc)
    assert half.handshake(0x10, half.open_request()) is not None
    Console(bmc).log_in()
    assert bmc.sessions.active() == 2


def test_a_session_ends_after_sixty_idle_seconds_and_not_before() -> None:
    now = FakeTime()
    bmc, _ = build_bmc(now, max_sessions=1)
    console = Console(bmc).log_in()
    for _ in range(3):
        now.seconds += 59
        assert console.command(*GET_POWER)[0] == 0
    now.seconds += 61
    assert console.send(console.packet(console.message(*GET_POWER))) is None
    Console(bmc).log_in()


def test_the_sweep_frees_sessions_that_nobody_closed() -> None:
    now = FakeTime()
    bmc, _ = build_bmc(now)
    Console(bmc).log_in()
    now.seconds += 61
    bmc.sessions.expire()
    assert not list(bmc.sessions)


def test_a_repeated_packet_gets_the_same_answer_and_acts_once() -> None:
    bmc, chassis = build_bmc(FakeTime())
    console = Console(bmc).log_in()
    packet = console.packet(console.message(0, 2, b"\x01"))
    first, second = console.send(packet), console.send(packet)
    assert first is not None
    assert second is not None
    assert console.unseal(first) == console.unseal(second) == (0, b"")
    assert len(chassis.actions) == 1


def test_a_retry_in_a_new_packet_acts_once_too() -> None:
    now = FakeTime()
    bmc, chassis = build_bmc(now)
    console = Console(bmc).log_in()
    console.command(0, 2, b"\x01")
    message = console.message(0, 2, b"\x02")
    for _ in range(3):
        answer = console.send(console.packet(message))
        assert answer is not None
        assert console.unseal(answer) == (0, b"")
    assert len(chassis.actions) == 2
    now.seconds += 6
    console.send(console.packet(message))
    assert len(chassis.actions) == 3, "after five seconds the same message is a new wish"


def test_the_answer_to_close_session_can_be_repeated() -> None:
    now = FakeTime()
    bmc, _ = build_bmc(now)
    console = Console(bmc).log_in()
    message = console.message(6, 0x3C, struct.pack("<I", console.session_id))
    for _ in range(2):
        answer = console.send(console.packet(message))
        assert answer is not None
        assert console.unseal(answer) == (0, b"")
    now.seconds += 6
    assert console.send(console.packet(message)) is None


def test_forged_altered_and_unencrypted_packets_are_dropped() -> None:
    bmc, chassis = build_bmc(FakeTime())
    console = Console(bmc).log_in()
    packet = console.packet(console.message(0, 2, b"\x01"))
    for position in range(4, len(packet)):
        altered = bytearray(packet)
        altered[position] ^= 0x01
        assert console.send(bytes(altered)) is None
    message = console.message(0, 2, b"\x01")
    header = struct.pack("<BBIIH", 6, 0x00, console.session_id, 99, len(message))
    assert console.send(b"\x06\x00\xff\x07" + header + message) is None
    assert chassis.actions == []
    assert console.send(packet) is not None, "the session itself has not suffered"


def test_packets_far_ahead_are_dropped_and_near_ones_are_not() -> None:
    console = Console(build_bmc(FakeTime())[0]).log_in()
    base = console.sequence
    assert console.send(console.packet(console.message(*GET_POWER), base + 16)) is None
    assert console.send(console.packet(console.message(*GET_POWER), base + 15)) is not None
    assert console.send(console.packet(console.message(*GET_POWER), base + 3)) is not None
    assert console.send(console.packet(console.message(*GET_POWER), base + 3)) is None


def test_sequence_numbers_wrap_past_zero() -> None:
    session = Session(1, 2, SUITE_17, 0.0)
    session._highest = 0xFFFFFFFE
    session._window = 1
    assert session.arrival(0xFFFFFFFF) is Arrival.NEW
    assert session.arrival(2) is Arrival.NEW
    assert session.arrival(0xFFFFFFFF) is Arrival.OUTSIDE
    session._sent = 0xFFFFFFFF
    assert session.next_sequence() == 1


@given(payload=st.binary(max_size=300), key=st.binary(min_size=20, max_size=32))
def test_what_is_encrypted_comes_back(payload: bytes, key: bytes) -> None:
    for suite in SUITES:
        keys = SessionKeys.derived(suite, key)
        assert keys.decrypt(keys.encrypt(payload)) == payload


@given(st.binary(max_size=100))
def test_random_ciphertext_never_decrypts_to_an_exception_of_another_kind(noise: bytes) -> None:
    keys = SessionKeys.derived(SUITE_17, b"k")
    with contextlib.suppress(MalformedPacket):
        keys.decrypt(noise)


@given(st.binary(max_size=80), st.sampled_from([b"", b"\x06\x00\xff\x07", b"\x06\x00\xff\x06"]))
def test_no_bytes_from_the_network_break_a_bmc(noise: bytes, start: bytes) -> None:
    bmc, chassis = build_bmc(FakeTime())
    bmc.answer(start + noise, PEER)
    assert chassis.actions == []


@given(st.sampled_from([0x10, 0x12, 0x14, 0x00]), st.binary(max_size=80))
def test_no_handshake_payload_breaks_a_bmc(kind: int, noise: bytes) -> None:
    bmc, _ = build_bmc(FakeTime())
    console = Console(bmc)
    console.handshake(0x10, console.open_request())
    console.handshake(kind, noise)


@given(st.integers(0, 63), st.integers(0, 255), st.binary(max_size=20))
def test_no_command_breaks_a_session(netfn: int, command: int, data: bytes) -> None:
    console = _SHARED
    if not (netfn == 6 and command in (0x02, 0x3C, 0x3B)):
        code, _ = console.command(netfn, command, data)
        assert 0 <= code <= 0xD5


_SHARED = Console(build_bmc(FakeTime())[0]).log_in()
