"""The rules of autopsies: which cause an error speaks of, and what to type next."""

from datetime import UTC, datetime
from typing import Any

import pytest

from baremetal.conductor.flows import FLOWS
from baremetal.domain.autopsy import (
    CAUSES,
    cause_of,
    next_commands,
    secret_texts,
    timings,
    without,
)
from baremetal.domain.errors import (
    DriverError,
    Forbidden,
    InvalidInput,
    LeaseLost,
    NotSupported,
)
from baremetal.drivers.bmc import errors as bmc

FLOW = ("baremetal.engine.runner", "baremetal.conductor.flows.deploy", "baremetal.conductor.task")


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (bmc.BmcNoAnswer("x"), "bmc-unreachable"),
        (bmc.BmcAuthenticationFailed("x"), "bmc-refused"),
        (bmc.BmcSessionsExhausted("x"), "bmc-refused"),
        (bmc.BmcCommandFailed("x"), "bmc-refused"),
        (bmc.BmcProtocolError("x"), "bmc-garbled"),
        (bmc.BmcNameUnknown("x"), "configuration"),
        (bmc.BmcBusClosed("x"), "internal"),
        (DriverError("x", cause="agent-silent"), "agent-silent"),
        (DriverError("x"), "hardware"),
        (DriverError("x", cause="a word of a driver's own"), "hardware"),
        (InvalidInput("x"), "configuration"),
        (NotSupported("x"), "configuration"),
        (Forbidden("x"), "configuration"),
        (LeaseLost("x"), "internal"),
    ],
)
def test_an_error_that_was_foreseen_says_its_cause(error: Exception, cause: str) -> None:
    assert cause_of(error) == cause


@pytest.mark.parametrize(
    ("called", "cause"),
    [
        (("baremetal.drivers.power.ipmi", "baremetal.drivers.bmc.bus"), "driver-defect"),
        (("acme_baremetal.power", "acme_baremetal.machine"), "driver-defect"),
        (("baremetal.db.inventories", "sqlalchemy.engine.base"), "internal"),
        ((), "internal"),
    ],
)
def test_a_defect_is_blamed_on_whoever_was_called(called: tuple[str, ...], cause: str) -> None:
    assert cause_of(KeyError("x"), (*FLOW, *called)) == cause


def test_every_bmc_error_has_a_cause_of_the_table() -> None:
    for error in bmc.BmcError.__subclasses__():
        assert error.cause in CAUSES, error


@pytest.mark.parametrize("cause", CAUSES)
def test_there_is_something_to_try_for_every_cause_and_kind(cause: str) -> None:
    for kind in FLOWS:
        commands = next_commands(cause, kind, "n 1", "op", ["ipmitool"])
        assert len(commands) == len(set(commands)) > 1
        assert "ipmitool" in commands
        assert not any("{" in command for command in commands)
        named = [c for c in commands if c.startswith(("baremetal node ", "baremetal port"))]
        assert all("'n 1'" in command for command in named), named


def test_what_failed_can_be_asked_for_again_but_not_what_was_cancelled() -> None:
    assert next_commands("bmc-refused", "deploy", "n", "op")[-1] == "baremetal node deploy n"
    assert "baremetal node deploy n" not in next_commands("cancelled", "deploy", "n", "op")


def _at(second: int) -> str:
    return f"2026-01-01T00:00:{second:02}.000000+00:00"


def test_timings_tell_the_queue_each_step_and_its_waiting() -> None:
    steps: list[dict[str, Any]] = [
        {"name": "boot", "state": "done", "started_at": _at(5), "finished_at": _at(9)},
        {"name": "agent", "state": "failed", "started_at": _at(9), "waited_seconds": 20.5},
        {"name": "later", "state": "pending"},
    ]
    now = datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC)
    assert timings(steps, _at(2), _at(5), now) == {
        "queued": 3.0,
        "boot": 4.0,
        "agent": 21.0,
        "agent, waiting": 20.5,
    }


def test_no_secret_is_left_wherever_it_stands() -> None:
    info = {
        "bmc_password": "hunter2",
        "pin": 123456,
        "user": "admin",
        "admin_password": "admin",
        "deep": {"token": ["t0ken-a", {"x": "t0ken-b"}]},
        "short_password": "ab",
    }
    secrets = secret_texts(info, named=["pin"])
    assert secrets == {"hunter2", "123456", "t0ken-a", "t0ken-b"}
    told = {"a": ["got hunter2 and t0ken-b"], "b": {"c": "pin 123456 of admin"}, "d": 5, "e": None}
    assert without(secrets, told) == {
        "a": ["got ****** and ******"],
        "b": {"c": "pin ****** of admin"},
        "d": 5,
        "e": None,
    }


def test_a_secret_within_another_does_not_save_the_rest_of_it() -> None:
    assert without({"pass", "passport"}, "a passport") == "a ******"


def test_a_long_text_is_cut() -> None:
    assert len(without((), "x" * 100_000)) == 2000
