"""What operations write of shares and snapshots along with themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from baremetal.db.events import Event
from baremetal.db.operations import record
from baremetal.db.share_access import write_applied
from baremetal.db.share_backends import release
from baremetal.db.share_messages import (
    ACTIONS,
    DETAILS,
    REFUSED_RULE,
    UNKNOWN,
    Message,
    tell,
)
from baremetal.db.share_tables import share_export_locations, share_snapshots, shares
from baremetal.db.shares import forget
from baremetal.domain import operation as op
from baremetal.domain import share as sh
from baremetal.domain.history import Failure
from baremetal.domain.operation import Operation

#: What a task may say beside columns, in `Work.changes`.
GONE: Final = "gone"
LOCATIONS: Final = "locations"
APPLIED: Final = "applied"
SIZE: Final = "size"
#: How the engine calls the state of a resource.
_STATE: Final = "provision_state"
_MORE: Final = (LOCATIONS, APPLIED, SIZE)
_NOT_OURS: Final = ("target_provision_state", "last_error", GONE, *_MORE)


@dataclass(frozen=True, slots=True)
class ShareChange:
    """What an operation writes of its share, or with `snapshot` of that snapshot of it.

    :ivar message: the uuid of what users are to be told, should it fail or refuse something.
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
        values = self.values
        columns = {name: value for name, value in values.items() if name not in _NOT_OURS}
        if _STATE in columns:
            columns["status"] = columns.pop(_STATE)
        changed = False
        if values.get(GONE):
            self._remove(tx)
            columns["status"] = sh.DELETED
            changed = True
        elif columns:
            changed = self._update(tx, columns, at)
        if not self.snapshot:
            self._write_more(tx, at)
        record(tx, at, [*(self._told(columns, at) if changed else ()), *news])

    def _update(self, tx: sa.Connection, columns: Mapping[str, Any], at: str) -> bool:
        mine = self._table.c.uuid == self.operation.resource_uuid
        if "status" in columns and self.operation.kind not in sh.DELETES:
            # Somebody has asked for it to go, and that goes on.
            mine = sa.and_(mine, self._table.c.status != sh.DELETING)
        changed = sa.update(self._table).where(mine)
        return tx.execute(changed.values({**columns, "updated_at": at})).rowcount == 1

    def _write_more(self, tx: sa.Connection, at: str) -> None:
        """What is not in columns of the share itself; nothing of a share that is gone."""
        uuid, values = self.operation.resource_uuid, self.values
        if not any(name in values for name in _MORE):
            return
        query = sa.select(shares.c.host, shares.c.claimed).where(shares.c.uuid == uuid)
        found = tx.execute(query.with_for_update()).first()
        if found is None:
            return
        if LOCATIONS in values:
            _locate(tx, uuid, values[LOCATIONS], at)
        if APPLIED in values:
            write_applied(tx, uuid, values[APPLIED], at)
            if why := values[APPLIED].why:
                self._tell(tx, at, REFUSED_RULE, why)
        if SIZE in values:
            size = values[SIZE]
            changed = sa.update(shares).where(shares.c.uuid == uuid)
            tx.execute(changed.values(size=size, claimed=size))
            # What it had claimed beyond goes back to its pool.
            release(tx, found.host, found.claimed - size)

    def remember(self, tx: sa.Connection, at: str, failure: Failure) -> None:
        """Tell the users of the share."""
        self._tell(tx, at, DETAILS.get(self.operation.kind, UNKNOWN), failure.event)

    def _tell(self, tx: sa.Connection, at: str, detail: str, why: str) -> None:
        of = op.SHARE_SNAPSHOT if self.snapshot else op.SHARE
        action = ACTIONS.get(self.operation.kind, UNKNOWN)
        about = (of.upper(), self.operation.resource_uuid, action, detail, why)
        message = Message(self.message, self.project, self.operation.request_id, *about)
        tell(tx, message, datetime.fromisoformat(at))

    @property
    def _table(self) -> sa.Table:
        return share_snapshots if self.snapshot else shares

    def _remove(self, tx: sa.Connection) -> None:
        uuid = self.operation.resource_uuid
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
