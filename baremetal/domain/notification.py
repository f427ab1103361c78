"""What others are told when a node or an operation changes: event types and payloads.

Names and priorities are those of the field (``baremetal.node.provision_set.success``);
the payload is plain.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from baremetal.domain import operation as op
from baremetal.domain import states

INFO: Final = "info"
ERROR: Final = "error"

#: What a payload tells of a node as it is when the notification is sent.
NODE_FIELDS: Final = (
    "uuid",
    "name",
    "driver",
    "instance_uuid",
    "provision_state",
    "target_provision_state",
    "power_state",
    "target_power_state",
    "last_error",
    "fault",
    "maintenance",
    "retired",
    "resource_class",
    "conductor_group",
    "owner",
    "lessee",
)

_OPERATION_WORDS: Final = MappingProxyType(
    {
        op.QUEUED: "start",
        op.WAITING: "wait",
        op.SUCCEEDED: "success",
        op.FAILED: "error",
        op.CANCELLED: "cancel",
    }
)
_PHASES: Final = tuple(phase for phases in states.PHASES.values() for phase in phases)
#: States in which something is under way.
_UNDER_WAY: Final = frozenset(
    state for phase in _PHASES for state in (phase.during, phase.waiting, phase.hold) if state
)
_FAILURES: Final = frozenset(phase.failure for phase in _PHASES)


@dataclass(frozen=True, slots=True)
class Notification:
    """One of them; `priority` is ``info`` or ``error``."""

    event_type: str
    priority: str
    payload: Mapping[str, Any]


def notification_of(
    event: Mapping[str, Any], node: Mapping[str, Any] | None
) -> Notification | None:
    """What to tell of an event; None where it is not for others.

    `event` is a row of ``events``; `node` has `NODE_FIELDS`, or is None where it is gone. What
    the event itself says goes before what has become of the node since.
    """
    data = event["data"]
    payload: dict[str, Any] = {
        **dict.fromkeys(NODE_FIELDS),
        **(node or {"uuid": event["node_uuid"], "name": data.get("name")}),
        "event_id": event["id"],
        "event_at": event["at"],
    }
    make = _MAKERS.get(event["type"])
    if make is None or event["node_uuid"] is None:
        # These tell of nodes alone.
        return None
    word, more = make(data)
    priority = ERROR if word.endswith(".error") else INFO
    return Notification(f"baremetal.{word}", priority, payload | more)


def _provision(data: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    before, after = data["from"], data["to"]
    more = {
        "provision_state": after,
        "previous_provision_state": before,
        "target_provision_state": data["target"],
    }
    if data["error"] is not None and after in _FAILURES:
        return "node.provision_set.error", {**more, "last_error": data["error"]}
    if after not in _UNDER_WAY:
        return "node.provision_set.success", more
    return f"node.provision_set.{'end' if before in _UNDER_WAY else 'start'}", more


def _power(data: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    more = {"power_state": data["to"], "previous_power_state": data["from"]}
    return f"node.power_set.{'error' if data['to'] == 'error' else 'end'}", more


def _operation(data: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    told = {name: data[name] for name in ("kind", "state", "step", "error")}
    more = {"operation": {"uuid": data["operation_uuid"], **told}}
    return f"operation.{data['kind']}.{_OPERATION_WORDS[data['state']]}", more


def _created(_data: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    return "node.create.end", {}


def _deleted(_data: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    return "node.delete.end", {}


#: type of event -> what makes (the rest of the event type, what it adds to the payload) of its data
_MAKERS: Final[Mapping[str, Callable[[Mapping[str, Any]], tuple[str, dict[str, Any]]]]] = (
    MappingProxyType(
        {
            "node.provision_state": _provision,
            "node.power_state": _power,
            "operation.state": _operation,
            "node.created": _created,
            "node.deleted": _deleted,
        }
    )
)
