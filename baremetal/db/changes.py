"""What changes on a node and of an operation, as it is written and as it is told."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from baremetal.db.events import Event


@dataclass(frozen=True, slots=True)
class NodeChange:
    """What a worker changes on the node, and the states before it, for the event."""

    uuid: str
    values: Mapping[str, Any]
    name: str | None = None
    provision_state: str | None = None
    power_state: str | None = None

    def events(self, at: str) -> Iterable[Event]:
        """The events that this change makes."""
        shared = {"node_uuid": self.uuid, "name": self.name, "at": at}
        after = self.values.get("provision_state", self.provision_state)
        if after != self.provision_state:
            data = {
                **shared,
                "from": self.provision_state,
                "to": after,
                "target": self.values.get("target_provision_state"),
                "error": self.values.get("last_error"),
            }
            yield "node.provision_state", self.uuid, data
        after = self.values.get("power_state", self.power_state)
        if after != self.power_state:
            data = {**shared, "from": self.power_state, "to": after}
            yield "node.power_state", self.uuid, data


def state_event(
    row: Mapping[str, Any], state: str, step: str | None, error: str | None, at: str
) -> Event:
    """The event of an operation's new state."""
    data = {
        "operation_uuid": row["uuid"],
        "node_uuid": row["resource_uuid"],
        "kind": row["kind"],
        "state": state,
        "step": step,
        "error": error,
        "at": at,
    }
    return "operation.state", row["resource_uuid"], data
