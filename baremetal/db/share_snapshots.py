"""Snapshots of shares: records, and the operations that begin with one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from baremetal.db import share_quotas
from baremetal.db.database import Database
from baremetal.db.operations import cancel_all, submit
from baremetal.db.records import Records
from baremetal.db.share_quotas import Bound
from baremetal.db.share_tables import share_snapshots, shares
from baremetal.db.types import stamp
from baremetal.domain import share as sh
from baremetal.domain.errors import ChangedMeanwhile, NotFound

_C = share_snapshots.c
Row = dict[str, Any]


class SnapshotStore:
    """Records of snapshots."""

    def __init__(self, db: Database) -> None:
        """Work on `db`."""
        self._db = db
        self._records = Records(db, share_snapshots, "Snapshot", ("uuid",))

    def row(self, uuid: str) -> Row:
        """All columns of a snapshot.

        :raises NotFound: there is none.
        """
        return self._records.get(uuid)

    def create(
        self,
        values: Mapping[str, Any],
        bounds: Sequence[Bound],
        intent: Mapping[str, Any],
        now: datetime,
    ) -> None:
        """Add a snapshot, and the operation that makes it.

        :raises QuotaExceeded: its project may not have it.
        :raises Conflict: its share is not available any more.
        """
        at = stamp(now)
        asked = {"snapshots": 1, "snapshot_gigabytes": values["size"]}
        share = shares.c.uuid == values["share_uuid"]
        # Whoever is about to delete the share waits, or we see that they have.
        held = sa.update(shares).where(share).values(version=shares.c.version + 1)
        with self._db.write() as tx:
            share_quotas.check(tx, values["project_id"], bounds, asked)
            tx.execute(held)
            status = tx.execute(sa.select(shares.c.status).where(share)).scalar()
            if status is None:
                raise NotFound("Share", values["share_uuid"])
            sh.check_begin(sh.SNAPSHOT, "Share", values["share_uuid"], status)
            tx.execute(share_snapshots.insert(), {**values, "created_at": at})
            submit(tx, intent, at)

    def start_delete(self, row: Row, intent: Mapping[str, Any], now: datetime) -> None:
        """Begin to delete a snapshot; if it is still in the making, that is to stop.

        :raises ChangedMeanwhile: it is in another state by now than in `row`.
        """
        at = stamp(now)
        mine = sa.and_(_C.uuid == row["uuid"], _C.status == row["status"])
        values = {"status": sh.DELETING, "updated_at": at}
        with self._db.write() as tx:
            cancel_all(tx, row["uuid"], "delete", at)
            if tx.execute(sa.update(share_snapshots).where(mine).values(values)).rowcount != 1:
                raise ChangedMeanwhile("Snapshot", row["uuid"])
            submit(tx, intent, at)

    def update(self, uuid: str, values: Mapping[str, Any], now: datetime) -> None:
        """Change what is its owner's to change, or its status where an administrator says it.

        :raises NotFound: it is gone.
        """
        with self._db.write() as tx:
            mine = sa.update(share_snapshots).where(_C.uuid == uuid)
            if tx.execute(mine.values({**values, "updated_at": stamp(now)})).rowcount != 1:
                raise NotFound("Snapshot", uuid)

    def newest(self, share: str) -> str | None:
        """The snapshot that was made last of a share."""
        query = sa.select(_C.uuid).where(_C.share_uuid == share).order_by(_C.id.desc()).limit(1)
        with self._db.read() as connection:
            return connection.execute(query).scalar()
