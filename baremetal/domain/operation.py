"""An operation: one long action on one resource, as a row that outlives any process."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

QUEUED: Final = "queued"
RUNNING: Final = "running"
WAITING: Final = "waiting"
SUCCEEDED: Final = "succeeded"
FAILED: Final = "failed"
CANCELLED: Final = "cancelled"

OPEN: Final = (QUEUED, RUNNING, WAITING)
OVER: Final = (SUCCEEDED, FAILED, CANCELLED)
ALL: Final = OPEN + OVER

#: What operations are about.
NODE: Final = "node"
IMAGE: Final = "image"
SHARE: Final = "share"
SHARE_SNAPSHOT: Final = "share_snapshot"

#: Where operations lie that the data service carries out, in place of a conductor group. No group
#: of conductors is called so.
DATA_QUEUE: Final = "(data)"


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation as it was claimed; `fence` proves that the claim is still ours."""

    id: int
    uuid: str
    kind: str
    state: str
    resource_uuid: str
    resource_type: str = NODE
    conductor_group: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    scratch: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[Mapping[str, Any], ...] = ()
    cursor: int = 0
    signal: Mapping[str, Any] | None = None
    cancel_requested: str | None = None
    owner: str | None = None
    fence: int = 0
    attempts: int = 0
    deadline_at: str | None = None
    waiting_for: str | None = None
    created_at: str | None = None
    started_at: str | None = None
    percent: int = 0
    message: str | None = None
    requested_by: str | None = None
    request_id: str | None = None
    global_request_id: str | None = None

    @property
    def node_uuid(self) -> str | None:
        """The node that it is about."""
        return self.resource_uuid if self.resource_type == NODE else None

    def percent_with(self, percent_of_step: int) -> int:
        """How far the whole has come, 0 to 100, with so much of the step it is at."""
        if not self.steps:
            return percent_of_step
        return (100 * self.cursor + percent_of_step) // len(self.steps)


@dataclass(frozen=True, slots=True)
class Limits:
    """How many operations of a kind may be in progress; None is no limit.

    `rolling` > 0 lets a kind go in batches of that size: the next batch of a
    conductor group starts when the last one has ended.
    """

    per_conductor: int | None = None
    per_group: int | None = None
    rolling: int = 0
