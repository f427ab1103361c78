import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyghmi.ipmi.private import session as pyghmi_session

from baremetal.drivers.bmc.address import RawCommand
from baremetal.drivers.bmc.protocol import Answer, Plain, SessionProtocol
from tests.unit.drivers.bmc.wire import ADDRESS, Wire

GET_DEVICE_ID = RawCommand(0x06, 0x01)


def logged_in(suite: int = 17) -> tuple[SessionProtocol, Wire, list[bytes]]:
    """A session with a simulated BMC, and the datagrams that it has sent."""
    bmc = Wire()
    sent: list[bytes] = []
    session = SessionProtocol(ADDRESS, suite, sent.append)
    session.log_in()
    event = None
    while event is not Plain.LOGGED_IN:
        answer = bmc.bmc.answer(sent[-1], "console")
        assert answer is not None
        event = session.feed(answer)
        assert event in (Plain.PROGRESS, Plain.LOGGED_IN)
    return session, bmc, sent


@pytest.mark.parametrize("suite", [17, 3])
def test_a_session_carries_commands(suite: int) -> None:
    session, bmc, sent = logged_in(suite)
    session.request(GET_DEVICE_ID)
    answer = bmc.bmc.answer(sent[-1], "console")
    assert answer is not None
    event = session.feed(answer)
    assert isinstance(event, Answer)
    assert event.code == 0
    assert len(event.data) >= 11


def test_nothing_of_pyghmis_machinery_is_set_in_motion() -> None:
    logged_in()
    assert pyghmi_session.iothread is None
    assert not pyghmi_session.iosockets
    assert not pyghmi_session.Session.waiting_sessions
    assert not pyghmi_session.Session.bmc_handlers


def test_every_repetition_but_that_of_the_datagram_is_a_new_packet() -> None:
    session, _, sent = logged_in()
    session.request(GET_DEVICE_ID)
    session.resend(same_datagram=True)
    assert sent[-1] == sent[-2]
    session.resend()
    sequence_numbers = [datagram[10:14] for datagram in sent[-3:]]
    assert sequence_numbers[0] == sequence_numbers[1] != sequence_numbers[2]


def test_an_answer_counts_once() -> None:
    session, bmc, sent = logged_in()
    session.request(GET_DEVICE_ID)
    answer = bmc.bmc.answer(sent[-1], "console")
    assert answer is not None
    assert isinstance(session.feed(answer), Answer)
    session.request(GET_DEVICE_ID)
    assert session.feed(answer) is None


def test_a_spoilt_answer_is_no_answer() -> None:
    session, bmc, sent = logged_in()
    session.request(GET_DEVICE_ID)
    answer = bmc.bmc.answer(sent[-1], "console")
    assert answer is not None
    for position in range(len(answer)):
        spoilt = bytearray(answer)
        spoilt[position] ^= 0x41
        assert not isinstance(session.feed(bytes(spoilt)), Answer) or position == 1  # reserved
    session.request(GET_DEVICE_ID)


HEADS = st.sampled_from(
    [b"", b"\x06\x00\xff\x07", b"\x06\x00\xff\x07\x06\x11", b"\x06\x00\xff\x07\x00"]
)


@given(HEADS, st.binary(max_size=120), st.integers(0, 5))
def test_no_datagram_breaks_a_login(head: bytes, tail: bytes, answers: int) -> None:
    bmc = Wire()
    sent: list[bytes] = []
    session = SessionProtocol(ADDRESS, 17, sent.append)
    session.log_in()
    for _ in range(answers):
        answer = bmc.bmc.answer(sent[-1], "console")
        assert answer is not None
        session.feed(answer)
    before = len(sent)
    session.feed(head + tail)
    assert len(sent) <= before + 1


@given(HEADS, st.binary(max_size=120))
def test_no_datagram_passes_for_an_answer_in_a_session(head: bytes, tail: bytes) -> None:
    session, _, sent = logged_in()
    session.request(GET_DEVICE_ID)
    before = len(sent)
    assert session.feed(head + tail) in (None, Plain.GARBAGE)
    assert len(sent) == before
