"""What others are told of an event."""

from typing import Any

import pytest

from baremetal.domain import operation as op
from baremetal.domain.notification import NODE_FIELDS, Notification, notification_of

NODE = {**dict.fromkeys(NODE_FIELDS), "uuid": "u", "name": "n", "instance_uuid": "i"}


def _told(event_type: str, **data: Any) -> Notification:
    event = {
        "id": 7,
        "at": "2026-01-01T00:00:00",
        "type": event_type,
        "node_uuid": "u",
        "data": data,
    }
    found = notification_of(event, NODE)
    assert found is not None
    return found


def _provision(before: str, after: str, error: str | None = None) -> Notification:
    target = "somewhere"
    return _told(
        "node.provision_state", **{"from": before, "to": after}, target=target, error=error
    )


@pytest.mark.parametrize(
    ("before", "after", "error", "word", "priority"),
    [
        ("available", "deploying", None, "start", "info"),
        ("deploying", "wait call-back", None, "end", "info"),
        ("wait call-back", "deploying", None, "end", "info"),
        ("clean hold", "cleaning", None, "end", "info"),
        ("deploying", "active", None, "success", "info"),
        ("deploying", "deploy failed", "no disk", "error", "error"),
        ("verifying", "enroll", "no answer", "error", "error"),
        ("clean failed", "manageable", None, "success", "info"),
        ("manageable", "enroll", None, "success", "info"),
    ],
)
def test_a_change_of_state_says_how_far_the_work_is(
    before: str, after: str, error: str | None, word: str, priority: str
) -> None:
    found = _provision(before, after, error)
    assert (found.event_type, found.priority) == (f"baremetal.node.provision_set.{word}", priority)
    payload = found.payload
    assert (payload["previous_provision_state"], payload["provision_state"]) == (before, after)
    assert payload["last_error"] == error
    assert (payload["uuid"], payload["name"], payload["instance_uuid"]) == ("u", "n", "i")
    assert (payload["event_id"], payload["event_at"]) == (7, "2026-01-01T00:00:00")


def test_power_says_what_it_was_and_that_it_cannot_be_read() -> None:
    found = _told("node.power_state", **{"from": "power off", "to": "power on"})
    assert found.event_type == "baremetal.node.power_set.end"
    assert found.payload["power_state"] == "power on"
    assert found.payload["previous_power_state"] == "power off"
    lost = _told("node.power_state", **{"from": "power on", "to": "error"})
    assert (lost.event_type, lost.priority) == ("baremetal.node.power_set.error", "error")


@pytest.mark.parametrize("state", [state for state in op.ALL if state != op.RUNNING])
def test_every_state_of_an_operation_that_is_an_event_has_its_word(state: str) -> None:
    data = {"operation_uuid": "o", "kind": "deploy", "state": state, "step": "s", "error": None}
    found = _told("operation.state", **data)
    assert found.event_type.startswith("baremetal.operation.deploy.")
    expected = {"uuid": "o", "kind": "deploy", "state": state, "step": "s", "error": None}
    assert found.payload["operation"] == expected
    assert found.priority == ("error" if state == op.FAILED else "info")


def test_a_node_that_is_gone_is_still_named() -> None:
    data = {"name": "n"}
    event = {"id": 1, "at": "t", "type": "node.deleted", "node_uuid": "u", "data": data}
    found = notification_of(event, None)
    assert found is not None
    assert found.event_type == "baremetal.node.delete.end"
    assert (found.payload["uuid"], found.payload["name"]) == ("u", "n")
    assert set(NODE_FIELDS) <= set(found.payload)


def test_progress_is_not_for_others() -> None:
    event = {"id": 1, "at": "t", "type": "operation.progress", "node_uuid": "u", "data": {}}
    assert notification_of(event, NODE) is None
