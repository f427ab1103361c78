"""Operations, as ours alone: there is nothing like them on the field's wire."""

from collections.abc import Callable, Mapping
from typing import Any

from baremetal.api.types import kinds
from baremetal.api.types import links as to
from baremetal.api.types.base import Field, Resource, Type
from baremetal.db.tables import operations
from baremetal.domain.operation import NODE


class Operation(Type):
    """One long action on one resource."""

    __resource__ = Resource("operation", "operations", operations, ())

    uuid = Field(kinds.UUID)
    kind = Field(kinds.TEXT, about="deploy, clean, inspect...")
    state = Field(kinds.TEXT, about="queued, running, waiting, succeeded, failed or cancelled.")
    resource_type = Field(
        kinds.TEXT, about="What it is about: node, image, share or share_snapshot."
    )
    resource_uuid = Field(kinds.UUID)
    node_uuid = Field(
        kinds.COMPUTED,
        needs=("resource_type", "resource_uuid"),
        about="The same where it is a node, else null.",
    )
    conductor_group = Field(
        kinds.TEXT, about="Or (data) or (shares) HOST, the queue of another service."
    )
    step = Field(kinds.TEXT, about="The step at which it is.")
    steps = Field(kinds.OBJECTS, about="Each step: name, state, started_at, finished_at, message.")
    progress = Field(
        kinds.COMPUTED, needs=("percent", "message"), about="percent from 0 to 100, message."
    )
    waiting = Field(
        kinds.COMPUTED,
        needs=("state", "waiting_for", "waiting_since", "deadline_at"),
        about="What is waited for, since when, and until when at most.",
    )
    owner = Field(kinds.TEXT, about="The service that runs it, or ran it last.")
    lease_expires_at = Field(kinds.MOMENT, source="lease_until")
    attempts = Field(kinds.INTEGER, about="How often a conductor has taken it up.")
    error = Field(kinds.LONG_TEXT)
    cause = Field(kinds.TEXT, about="Why it failed, in a word; there is an autopsy then.")
    requested_by = Field(kinds.TEXT)
    request_id = Field(kinds.TEXT)
    global_request_id = Field(kinds.TEXT, about="The X-Openstack-Request-Id of the request.")
    created_at = Field(kinds.MOMENT)
    started_at = Field(kinds.MOMENT)
    finished_at = Field(kinds.MOMENT)
    updated_at = Field(kinds.MOMENT)
    links = Field(kinds.LINKS, source="uuid", computed=to.own("operations"))


def progress(percent: int, message: str | None) -> dict[str, Any]:
    """How far it has come."""
    return {"percent": percent, "message": message}


def waiting(
    state: str, what: str | None, since: str | None, until: str | None
) -> dict[str, Any] | None:
    """What is waited for; None where nothing is."""
    if state != "waiting":
        return None
    return {"for": what, "since": since, "until": until}


def node_uuid(kind: str, uuid: str) -> str | None:
    """The node that it is about; None where it is about something else."""
    return uuid if kind == NODE else None


#: What a request makes of columns.
COMPUTED: Mapping[str, Callable[..., Any]] = {
    "node_uuid": node_uuid,
    "progress": progress,
    "waiting": waiting,
}


def holding(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The operation that holds a node, in short."""
    if row["uuid"] is None:
        return None
    return {
        "uuid": row["uuid"],
        "kind": row["kind"],
        "state": row["state"],
        "step": row["step"],
        "owner": row["owner"],
        "progress": progress(row["percent"], row["message"]),
        "waiting": waiting(
            row["state"], row["waiting_for"], row["waiting_since"], row["deadline_at"]
        ),
    }
