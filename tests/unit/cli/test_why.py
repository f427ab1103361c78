from datetime import UTC, datetime
from typing import Any

import pytest

from baremetal.cli.cells import describe_operation
from baremetal.cli.node.why import advice, explain, moment, with_autopsy

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
OPERATION = {
    "uuid": "op-1",
    "kind": "deploy",
    "state": "waiting",
    "step": "write_image",
    "owner": "host-1",
    "progress": {"percent": 43, "message": "written 300 of 1024 MiB"},
    "waiting": {
        "for": "a heartbeat of the agent",
        "since": "2026-01-01T11:59:48+00:00",
        "until": "2026-01-01T12:30:00",
    },
}


def _node(state: str, **more: Any) -> dict[str, Any]:
    return {"uuid": "u", "name": "n", "provision_state": state, **more}


def test_what_is_waited_for_since_when_and_until_when() -> None:
    told = explain(_node("wait call-back", operation=OPERATION), NOW)
    assert told["waiting_for"] == "a heartbeat of the agent"
    assert told["since"] == "2026-01-01 11:59:48 UTC (12 s ago)"
    assert told["until"] == "2026-01-01 12:30:00 UTC (in 30 min)"
    assert (told["owner"], told["step"], told["percent"]) == ("host-1", "write_image", 43)
    assert told["next"] == "baremetal operation watch op-1"


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (_node("enroll"), "baremetal node manage n"),
        (_node("enroll", last_error="no answer"), "baremetal node set n --driver-info KEY=VALUE"),
        (_node("manageable"), "baremetal node provide n"),
        (_node("available", maintenance=True), "baremetal node maintenance unset n"),
        (_node("active", fault="power failure"), "see to its BMC, then"),
        (_node("deploy failed"), "baremetal node undeploy n"),
        (_node("clean hold", operation=OPERATION), "baremetal node unhold n"),
        (_node("cleaning"), "baremetal node history list n"),
        ({"uuid": "u", "name": None, "provision_state": "error"}, "baremetal node undeploy u"),
    ],
)
def test_there_is_always_something_to_do_next(node: dict[str, Any], words: str) -> None:
    assert words in advice(node)


@pytest.mark.parametrize(
    ("iso", "told"),
    [
        (None, None),
        ("2026-01-01T12:00:00Z", "2026-01-01 12:00:00 UTC (in 0 s)"),
        ("2026-01-01T10:00:00+00:00", "2026-01-01 10:00:00 UTC (2 h ago)"),
        ("2026-01-11T12:00:00+00:00", "2026-01-11 12:00:00 UTC (in 10 days)"),
        ("2026-01-01T13:00:00+01:00", "2026-01-01 12:00:00 UTC (in 0 s)"),
    ],
)
def test_moments_are_told_with_their_distance(iso: str | None, told: str | None) -> None:
    assert moment(iso, NOW) == told


def test_an_operation_in_few_words() -> None:
    expected = "deploy: write_image 43 %, written 300 of 1024 MiB"
    assert describe_operation(OPERATION) == expected
    waiting = OPERATION | {"progress": {"percent": 0, "message": None}}
    expected = "deploy: write_image, waiting for a heartbeat of the agent"
    assert describe_operation(waiting) == expected
    queued = {"kind": "clean", "state": "queued", "step": None}
    assert describe_operation(queued) == "clean: queued"


def test_an_error_that_was_looked_into_leads_to_its_autopsy() -> None:
    told = explain(_node("deploy failed", last_error="no disk"), NOW)
    failed = {"uuid": "op-2", "cause": "agent-reported-failure", "error": "no disk"}
    more = with_autopsy(told, failed)
    assert more["cause"] == "agent-reported-failure"
    assert more["next"].startswith("baremetal operation autopsy op-2; baremetal node deploy n")
    for other in (None, failed | {"error": "of long ago"}, failed | {"cause": None}):
        assert with_autopsy(told, other) == told
