"""What operations write of shares and snapshots along with themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from baremetal.db.events import Event
from baremetal.db.operations import record
from baremetal.db.share_access import Applied, write_applied
from baremetal.db.share_backends import release
from baremetal.db.share_messages import ACTIONS, UNKNOWN, Message, tell
from baremetal.db.share_tables import share_export_locations, share_snapshots, shares
from baremetal.db.shares import forget
from baremetal.domain import operation as op
from baremetal.domain.history import Failure
from baremetal.domain.operation import Operation

#: What a task may say beside columns, in `Work.changes`.
GONE: Final = "gone"
LOCATIONS: Final = "locations"
APPLIED: Final = "applied"
SIZE: Final = "size"
#: How the engine calls the state of a resource.
_STATE: Final = "provision_state"
_NOT_OURS: Final = ("target_provision_state", "last_error", GONE, LOCATIONS, APPLIED, SIZE)


@dataclass(frozen=True, slots=True)
class ShareChange:
    """What an operation writes of its share, or with `snapshot` of that snapshot of it.

    :ivar message: the uuid of what a user is to be told, should it fail.
    """

    operation: Operation
    values: Mapping[str, Any]
    message: str
    project: str | None
    snapshot: bool = False

    def write(
        self,
        tx: sa.Connection,
        at: str,
        news: Sequence[Event] = (),
        *,
        free: bool = False,
        over: bool = False,
    ) -> None:
        """As `baremetal.db.operations.Change` has it; the share being gone is fine."""
        uuid, values = self.operation.resource_uuid, self.values
        table = share_snapshots if self.snapshot else shares
        columns = {name: value for name, value in values.items() if name not in _NOT_OURS}
        if _STATE in columns:
            columns["status"] = columns.pop(_STATE)
        mine = table.c.uuid == uuid
        if values.get(GONE):
            self._remove(tx, uuid)
        elif columns:
            tx.execute(sa.update(table).where(mine).values({**columns, "updated_at": at}))
        if SIZE in values:
            _resize(tx, uuid, values[SIZE])
        if LOCATIONS in values:
            _locate(tx, uuid, values[LOCATIONS], at)
        applied: Applied | None = values.get(APPLIED)
        if applied is not None:
            write_applied(tx, uuid, applied, at)
        record(tx, at, [*self._told(columns, at), *news])

    def remember(self, tx: sa.Connection, at: str, failure: Failure) -> None:
        """Tell the users of the share."""
        of = op.SHARE_SNAPSHOT if self.snapshot else op.SHARE
        action = ACTIONS.get(self.operation.kind, UNKNOWN)
        about = (of.upper(), self.operation.resource_uuid, action, UNKNOWN, failure.event)
        message = Message(self.message, self.project, self.operation.request_id, *about)
        tell(tx, message, datetime.fromisoformat(at))

    def _remove(self, tx: sa.Connection, uuid: str) -> None:
        if self.snapshot:
            tx.execute(sa.delete(share_snapshots).where(share_snapshots.c.uuid == uuid))
        else:
            forget(tx, uuid)

    def _told(self, columns: Mapping[str, Any], at: str) -> Sequence[Event]:
        if "status" not in columns:
            return ()
        kind = "share_snapshot" if self.snapshot else "share"
        data = {f"{kind}_uuid": self.operation.resource_uuid, "to": columns["status"], "at": at}
        return ((f"{kind}.status", None, data),)


def _resize(tx: sa.Connection, uuid: str, size: int) -> None:
    """The share has a size: what it had claimed beyond goes back to its pool."""
    c = shares.c
    found = tx.execute(sa.select(c.host, c.claimed).where(c.uuid == uuid).with_for_update()).first()
    if found is not None:
        tx.execute(sa.update(shares).where(c.uuid == uuid).values(size=size, claimed=size))
        release(tx, found.host, found.claimed - size)


def _locate(tx: sa.Connection, uuid: str, found: Sequence[Mapping[str, Any]], at: str) -> None:
    """Write where clients find it; what stays keeps its uuid."""
    c = share_export_locations.c
    query = sa.select(c.uuid, c.path).where(c.share_uuid == uuid)
    there = {path: ident for ident, path in tx.execute(query)}
    gone = [ident for path, ident in there.items() if path not in {one["path"] for one in found}]
    if gone:
        tx.execute(sa.delete(share_export_locations).where(c.uuid.in_(gone)))
    new = [one for one in found if one["path"] not in there]
    if new:
        rows = [{**one, "share_uuid": uuid, "created_at": at, "updated_at": at} for one in new]
        tx.execute(share_export_locations.insert(), rows)
