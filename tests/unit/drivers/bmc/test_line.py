import dataclasses
import logging
import struct

import pytest

from baremetal.drivers.bmc.address import BmcAddress, Privilege, RawCommand
from baremetal.drivers.bmc.chassis import GET_CHASSIS_STATUS, PowerAction, encode_chassis_control
from baremetal.drivers.bmc.errors import (
    BmcAuthenticationFailed,
    BmcBusClosed,
    BmcCommandFailed,
    BmcCommandWithdrawn,
    BmcError,
    BmcNoAnswer,
    BmcProtocolError,
    BmcSessionsExhausted,
)
from baremetal.simulator.bmc import chassis as simulated
from tests.unit.drivers.bmc.wire import ADDRESS, PASSWORD, USER, Wire

GET_DEVICE_ID = RawCommand(0x06, 0x01)
RESET = encode_chassis_control(PowerAction.RESET)
#: Get Channel Authentication Capabilities, Open Session, RAKP 1, RAKP 3, Set Session Privilege.
LOGIN_DATAGRAMS = 5
OPEN_SESSION, RAKP_1 = 0x10, 0x12


def payload_type(datagram: bytes) -> int | None:
    """That of an RMCP+ packet (IPMI 2.0, table 13-8)."""
    return datagram[5] & 0x3F if datagram[4] == 0x06 else None


def wanted_algorithm(datagram: bytes) -> int | None:
    """The authentication algorithm that an Open Session asks for."""
    return datagram[16 + 12] if payload_type(datagram) == OPEN_SESSION else None


def test_the_first_command_logs_in_and_the_next_uses_the_same_session() -> None:
    wire = Wire()
    assert isinstance(wire.outcome(GET_CHASSIS_STATUS), bytes)
    assert len(wire.sent) == LOGIN_DATAGRAMS + 1
    assert isinstance(wire.outcome(GET_DEVICE_ID), bytes)
    assert len(wire.sent) == LOGIN_DATAGRAMS + 2
    assert (wire.counters.logins, wire.bmc.sessions.active()) == (1, 1)


def test_one_command_is_in_flight_and_others_wait_in_order() -> None:
    wire = Wire()
    wire.outcome(GET_DEVICE_ID)
    wire.answer_lost = lambda _n, _datagram: True
    before = len(wire.sent)
    pending = [wire.submit(GET_DEVICE_ID), wire.submit(GET_CHASSIS_STATUS)]
    wire.wait(0.2)
    assert len(wire.sent) == before + 1
    wire.answer_lost = lambda _n, _datagram: False
    wire.run(lambda: bool(pending[0]))
    assert not pending[1]
    wire.run(lambda: bool(pending[1]))
    assert [len(outcome) for (outcome,) in pending if isinstance(outcome, bytes)] == [15, 3]


@pytest.mark.parametrize("position", range(LOGIN_DATAGRAMS + 1))
@pytest.mark.parametrize("direction", ["question", "answer"])
def test_any_datagram_may_get_lost(position: int, direction: str) -> None:
    wire = Wire()
    if direction == "question":
        wire.lost = lambda n, _datagram: n == position
    else:
        wire.answer_lost = lambda n, _datagram: n == position
    start = wire.now
    assert isinstance(wire.outcome(GET_CHASSIS_STATUS), bytes)
    assert wire.now - start < 1.5
    assert wire.counters.logins == 1


@pytest.mark.parametrize("direction", ["question", "answer"])
def test_a_reset_is_done_once_whatever_gets_lost(direction: str) -> None:
    wire = Wire()
    wire.outcome(GET_DEVICE_ID)
    first = len(wire.sent) if direction == "question" else wire.answered
    if direction == "question":
        wire.lost = lambda n, _datagram: n == first
    else:
        wire.answer_lost = lambda n, _datagram: n == first
    assert wire.outcome(RESET) == b""
    assert wire.chassis.actions == [simulated.PowerAction.RESET]
    assert wire.sent[-1] == wire.sent[-2], "the same packet, so that the BMC can tell"


def test_a_reset_without_an_answer_says_that_it_may_have_happened() -> None:
    wire = Wire()
    wire.outcome(GET_DEVICE_ID)
    logins = wire.counters.logins
    wire.answer_lost = lambda _n, _datagram: True
    error = wire.outcome(RESET)
    assert isinstance(error, BmcNoAnswer)
    assert error.outcome_unknown
    assert "may have obeyed" in error.message
    assert wire.chassis.actions == [simulated.PowerAction.RESET]
    assert wire.counters.logins == logins


def test_a_restarted_bmc_is_logged_in_to_again_without_a_word() -> None:
    wire = Wire()
    wire.outcome(GET_CHASSIS_STATUS)
    wire.restart_bmc()
    start = wire.now
    assert isinstance(wire.outcome(GET_CHASSIS_STATUS), bytes)
    assert wire.now - start < 6.0
    assert (wire.counters.logins, wire.counters.sessions_lost) == (2, 1)
    assert not wire.backoff.waiting(wire.now)


def test_a_session_of_doubtful_health_is_tried_out_before_a_reset() -> None:
    wire = Wire()
    wire.outcome(GET_CHASSIS_STATUS)
    wire.restart_bmc()
    wire.wait(10.0)
    assert wire.outcome(RESET) == b""
    assert wire.chassis.actions == [simulated.PowerAction.RESET]


def test_a_bmc_that_stays_away_after_its_session_went_silent_costs_less_than_two_silences() -> None:
    wire = Wire()
    wire.outcome(GET_CHASSIS_STATUS)
    wire.lost = lambda _n, _datagram: True
    start = wire.now
    error = wire.outcome(GET_CHASSIS_STATUS)
    assert isinstance(error, BmcNoAnswer)
    assert not error.outcome_unknown
    assert wire.now - start == pytest.approx(7.5, abs=0.1)


def test_a_silent_bmc_is_given_up_after_five_seconds() -> None:
    wire = Wire(lost=lambda _n, _datagram: True)
    start = wire.now
    error = wire.outcome(GET_CHASSIS_STATUS)
    assert isinstance(error, BmcNoAnswer)
    assert wire.now - start == pytest.approx(5.0, abs=0.1)
    assert "192.0.2.7:623" in error.message
    assert "5.0 s" in error.message
    assert wire.backoff.refusal(ADDRESS, wire.now) is not None


def test_all_that_wait_for_one_silent_bmc_fail_together() -> None:
    wire = Wire(lost=lambda _n, _datagram: True)
    pending = [wire.submit(GET_CHASSIS_STATUS) for _ in range(5)]
    start = wire.now
    wire.run(lambda: all(pending))
    assert wire.now - start < 6.0
    errors = [outcome for (outcome,) in pending]
    assert all(isinstance(error, BmcNoAnswer) for error in errors)
    assert len({id(error) for error in errors}) == 5, "each thread raises an error of its own"


def test_success_takes_a_bmc_off_the_back_off_list() -> None:
    wire = Wire(lost=lambda _n, _datagram: True)
    wire.outcome(GET_CHASSIS_STATUS)
    wire.lost = lambda _n, _datagram: False
    assert isinstance(wire.outcome(GET_CHASSIS_STATUS), bytes)
    assert wire.backoff.refusal(ADDRESS, wire.now) is None


def test_garbage_is_not_taken_for_an_answer() -> None:
    wire = Wire(stranger=lambda datagram: b"\x06\x00\xff\x07" + datagram[::-1])
    error = wire.outcome(GET_CHASSIS_STATUS)
    assert isinstance(error, BmcProtocolError)
    assert "no IPMI" in error.message


def test_a_wrong_password_says_which_bmc_and_user_and_never_the_password() -> None:
    wire = Wire()
    wrong = BmcAddress("192.0.2.7", 623, USER, "wr0ng-password")
    start = wire.now
    error = wire.outcome(GET_CHASSIS_STATUS, wrong)
    assert isinstance(error, BmcAuthenticationFailed)
    assert wire.now == start, "at once"
    assert "192.0.2.7:623" in error.message
    assert "'admin'" in error.message
    assert "wr0ng" not in repr(error) + repr(wrong) + str(vars(error))
    assert isinstance(wire.outcome(GET_CHASSIS_STATUS), bytes)


def test_an_unknown_user_is_told_from_a_wrong_password() -> None:
    error = Wire().outcome(GET_CHASSIS_STATUS, dataclasses.replace(ADDRESS, username="nobody"))
    assert isinstance(error, BmcAuthenticationFailed)
    assert "no such user" in error.message


def test_a_bmc_that_ignores_the_user_is_no_silent_bmc() -> None:
    wire = Wire(lost=lambda _n, datagram: payload_type(datagram) == RAKP_1)
    error = wire.outcome(GET_CHASSIS_STATUS)
    assert isinstance(error, BmcNoAnswer)
    assert "ignores user 'admin'" in error.message


def test_a_changed_password_closes_the_old_session() -> None:
    wire = Wire()
    wire.outcome(GET_CHASSIS_STATUS)
    changed = dataclasses.replace(ADDRESS, password="another")
    assert isinstance(wire.outcome(GET_CHASSIS_STATUS, changed), BmcAuthenticationFailed)
    assert wire.bmc.sessions.active() == 0


def test_requests_with_other_credentials_survive_a_refused_login() -> None:
    wire = Wire()
    wrong = dataclasses.replace(ADDRESS, password="wrong")
    first, second = wire.submit(GET_DEVICE_ID, wrong), wire.submit(GET_DEVICE_ID)
    wire.run(lambda: bool(first and second))
    assert isinstance(first[0], BmcAuthenticationFailed)
    assert isinstance(second[0], bytes)


def test_a_bmc_without_free_sessions_says_so() -> None:
    error = Wire(refuse_sessions=True).outcome(GET_CHASSIS_STATUS)
    assert isinstance(error, BmcSessionsExhausted)
    assert "192.0.2.7:623" in error.message


def test_a_declined_command_has_its_completion_code_and_keeps_the_session() -> None:
    wire = Wire()
    error = wire.outcome(RawCommand(0x06, 0x7F))
    assert isinstance(error, BmcCommandFailed)
    assert error.completion_code == 0xC1
    assert "0xc1" in error.message
    wire.outcome(GET_DEVICE_ID)
    assert wire.counters.logins == 1


def test_a_lower_privilege_can_be_asked_for() -> None:
    wire = Wire()
    operator = dataclasses.replace(ADDRESS, privilege=Privilege.USER)
    assert isinstance(wire.outcome(GET_CHASSIS_STATUS, operator), bytes)
    error = wire.outcome(RESET, operator)
    assert isinstance(error, BmcCommandFailed)
    assert error.completion_code == 0xD4


def refuses_sha256(datagram: bytes) -> bytes | None:
    """An Open Session response with status 11h, no cipher suite match (IPMI 2.0, 13.18)."""
    if wanted_algorithm(datagram) != 3:
        return None
    body = bytes([datagram[16], 0x11, 0, 0]) + datagram[20:24]
    return struct.pack("<4sBBIIH", b"\x06\x00\xff\x07", 6, 0x11, 0, 0, len(body)) + body


def test_the_cipher_suite_is_probed_once_and_remembered() -> None:
    wire = Wire(stranger=refuses_sha256)
    assert isinstance(wire.outcome(GET_CHASSIS_STATUS), bytes)
    wire.wait(400.0)  # logged out meanwhile
    wire.sent.clear()
    assert isinstance(wire.outcome(GET_CHASSIS_STATUS), bytes)
    assert [a for a in map(wanted_algorithm, wire.sent) if a] == [1]


def test_a_remembered_cipher_suite_that_is_refused_is_probed_again() -> None:
    wire = Wire()
    wire.outcome(GET_CHASSIS_STATUS)
    wire.stranger = refuses_sha256
    wire.wait(400.0)
    assert isinstance(wire.outcome(GET_CHASSIS_STATUS), bytes)
    assert [a for a in map(wanted_algorithm, wire.sent) if a] == [3, 3, 1]


def test_silence_about_a_cipher_suite_tries_the_other_and_proves_nothing() -> None:
    wire = Wire(lost=lambda _n, datagram: wanted_algorithm(datagram) == 3)
    start = wire.now
    assert isinstance(wire.outcome(GET_CHASSIS_STATUS), bytes)
    assert wire.now - start < 4.0
    wire.wait(400.0)
    wire.lost = lambda _n, _datagram: False
    wire.sent.clear()
    wire.outcome(GET_CHASSIS_STATUS)
    assert [a for a in map(wanted_algorithm, wire.sent) if a] == [3]


def test_a_cipher_suite_that_is_prescribed_is_the_only_one() -> None:
    wire = Wire(stranger=refuses_sha256)
    error = wire.outcome(GET_CHASSIS_STATUS, dataclasses.replace(ADDRESS, cipher_suite=17))
    assert isinstance(error, BmcProtocolError)
    assert "0x11" in error.message


def test_a_session_is_kept_alive_and_then_logged_out() -> None:
    wire = Wire()
    wire.outcome(GET_CHASSIS_STATUS)
    wire.wait(290.0)
    assert wire.bmc.sessions.active() == 1, "BMCs drop sessions that are silent for 60 s"
    wire.wait(20.0)
    assert wire.bmc.sessions.active() == 0
    assert not wire.line.logged_in
    assert wire.line.wake_at is None
    assert wire.line.idle_since(wire.now) > 300


def test_time_that_runs_out_in_the_queue_says_so() -> None:
    wire = Wire(lost=lambda _n, _datagram: True)
    first = wire.submit(GET_CHASSIS_STATUS)
    second = wire.submit(GET_CHASSIS_STATUS, timeout=1.0)
    wire.run(lambda: bool(second))
    assert isinstance(second[0], BmcNoAnswer)
    assert "earlier commands" in second[0].message
    assert not first


def test_a_caller_in_a_hurry_hears_of_the_silence() -> None:
    wire = Wire(lost=lambda _n, _datagram: True)
    error = wire.outcome(GET_CHASSIS_STATUS, timeout=2.0)
    assert isinstance(error, BmcNoAnswer)
    assert "did not answer for 2.0 s" in error.message


def test_a_reset_that_outlasts_the_callers_time_may_have_happened() -> None:
    wire = Wire()
    wire.outcome(GET_DEVICE_ID)
    wire.answer_lost = lambda _n, _datagram: True
    error = wire.outcome(RESET, timeout=1.0)
    assert isinstance(error, BmcNoAnswer)
    assert error.outcome_unknown


def test_an_answer_after_the_callers_time_does_not_pass_for_the_next_one() -> None:
    wire = Wire()
    wire.outcome(GET_CHASSIS_STATUS)
    wire.answer_lost = lambda _n, _datagram: True
    late = wire.submit(GET_DEVICE_ID, timeout=0.1)
    wire.run(lambda: bool(late))
    assert isinstance(late[0], BmcNoAnswer)
    wire.answer_lost = lambda _n, _datagram: False
    status = wire.outcome(GET_CHASSIS_STATUS)
    assert isinstance(status, bytes)
    assert len(status) == 3
    assert wire.counters.logins == 1


def test_shutting_down_fails_what_waits_and_logs_out() -> None:
    wire = Wire()
    wire.outcome(GET_CHASSIS_STATUS)
    wire.answer_lost = lambda _n, _datagram: True
    pending = [wire.submit(GET_DEVICE_ID), wire.submit(GET_DEVICE_ID)]
    wire.wait(0.1)
    wire.answer_lost = lambda _n, _datagram: False
    wire.line.shut(wire.now)
    assert all(isinstance(outcome, BmcBusClosed) for (outcome,) in pending)
    wire.run(lambda: not wire.line.logging_out)
    assert wire.bmc.sessions.active() == 0


def test_nothing_that_is_logged_holds_a_password(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wire = Wire()
    wire.outcome(GET_CHASSIS_STATUS, dataclasses.replace(ADDRESS, password="wr0ng"))
    wire.outcome(GET_CHASSIS_STATUS)
    wire.lost = lambda _n, _datagram: True
    assert isinstance(wire.outcome(RESET), BmcError)
    assert caplog.records
    assert PASSWORD not in caplog.text
    assert "wr0ng" not in caplog.text


def test_what_may_not_be_sent_any_more_is_not() -> None:
    wire = Wire()
    held = [True]
    outcomes = wire.submit(encode_chassis_control(PowerAction.OFF), allowed=lambda: held[0])
    held[0] = False
    wire.run(lambda: bool(outcomes))
    assert isinstance(outcomes[0], BmcCommandWithdrawn)
    assert wire.chassis.actions == []
    assert isinstance(wire.outcome(GET_CHASSIS_STATUS), bytes)


def test_what_may_not_be_sent_any_more_is_not_repeated() -> None:
    wire = Wire()
    assert isinstance(wire.outcome(GET_CHASSIS_STATUS), bytes)
    before, held = len(wire.sent), [True]
    wire.lost = lambda _n, _datagram: True
    outcomes = wire.submit(encode_chassis_control(PowerAction.OFF), allowed=lambda: held[0])
    wire.run(lambda: len(wire.sent) > before)
    held[0], wire.lost = False, lambda _n, _datagram: False
    wire.run(lambda: bool(outcomes))
    assert isinstance(outcomes[0], BmcCommandWithdrawn)
    assert wire.chassis.actions == []
