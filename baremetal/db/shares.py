"""The shares repository: records, and the operations that begin with a change of one.

What a share claims of its pool, what its project may have and the operation that makes it so are
written in one transaction: there is never one without the others.

All transactions on shares lock in one order, so that none waits for another in a circle: the
quotas of the project, operations, the share, what belongs to it, the pool, and the log of events.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from baremetal.db import share_quotas
from baremetal.db.database import Database, Prepared, Rows
from baremetal.db.operations import cancel_all, submit
from baremetal.db.share_backends import claim, release
from baremetal.db.share_messages import Message, tell
from baremetal.db.share_quotas import Bound
from baremetal.db.share_tables import (
    share_access_rules,
    share_export_locations,
    share_snapshots,
    shares,
)
from baremetal.db.types import stamp
from baremetal.domain import share as sh
from baremetal.domain.errors import ChangedMeanwhile, Conflict, NotFound
from baremetal.domain.share_pool import Pool

Row = dict[str, Any]
_C = shares.c
ROWS = Rows(list(shares.columns))
_BY_UUID = sa.select(*ROWS.columns).where(_C.uuid == sa.bindparam("uuid"))
_INSERT = shares.insert()
_MOVE = (
    sa.update(shares)
    .where(
        _C.uuid == sa.bindparam("our_uuid"),
        _C.status == sa.bindparam("judged"),
        _C.claimed == sa.bindparam("judged_claim"),
    )
    .values(version=_C.version + 1)
)


class ShareStore:
    """Records of shares."""

    def __init__(self, db: Database) -> None:
        """Work on `db`."""
        self._db = db
        self._by_uuid = Prepared(db, _BY_UUID)

    def row(self, uuid: str) -> Row:
        """All columns of a share.

        :raises NotFound: there is none.
        """
        found = self._by_uuid.first(uuid=uuid.lower())
        if found is None:
            raise NotFound("Share", uuid)
        return ROWS.convert(found)

    def available(self, host: str, after: int, limit: int) -> list[Row]:
        """So many of the available shares at a place, in order, with numbers above `after`."""
        here = sa.and_(_C.host == host, _C.status == sh.AVAILABLE, _C.id > after)
        query = sa.select(_C.id, _C.uuid).where(here).order_by(_C.id).limit(limit)
        with self._db.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def place(
        self,
        values: Mapping[str, Any],
        pool: Pool,
        bounds: Sequence[Bound],
        intent: Mapping[str, Any],
        now: datetime,
    ) -> bool:
        """Add a share in a pool, and the operation that makes it.

        :returns: False if the pool has no room any more: then nothing was written
        :raises QuotaExceeded: its project may not have it.
        """
        at, size = stamp(now), values["size"]
        with self._db.write() as tx:
            _check_quota(tx, values, bounds)
            if not claim(tx, pool.host, size, pool.most):
                return False
            placed = {"host": pool.host, "availability_zone": pool.availability_zone}
            tx.execute(_INSERT, {**values, **placed, "claimed": size, "created_at": at})
            submit(tx, {**intent, "conductor_group": sh.queue_of(pool.service)}, at)
        return True

    def keep_unplaced(
        self, values: Mapping[str, Any], bounds: Sequence[Bound], why: Message, now: datetime
    ) -> None:
        """Add a share that has no place, and say why.

        :raises QuotaExceeded: its project may not have it.
        """
        with self._db.write() as tx:
            _check_quota(tx, values, bounds)
            lost = {"status": sh.ERROR, "claimed": values["size"], "created_at": stamp(now)}
            tx.execute(_INSERT, {**values, **lost})
            tell(tx, why, now)

    def start(
        self,
        row: Row,
        intent: Mapping[str, Any],
        now: datetime,
        size: int | None = None,
        pool: Pool | None = None,
        bounds: Sequence[Bound] = (),
    ) -> None:
        """Begin an operation on a share that is in the state that it had in `row`.

        To get a larger `size` it claims the difference of its `pool`, within these `bounds`.

        :raises ChangedMeanwhile: it is in another state by now.
        :raises QuotaExceeded: its project may not have so much more.
        :raises Conflict: its pool has not got it.
        """
        at = stamp(now)
        during = sh.PHASES[intent["kind"]].during
        values: dict[str, Any] = {"status": during, "updated_at": at}
        with self._db.write() as tx:
            if size is not None and pool is not None:
                values["claimed"] = size
                more = {"gigabytes": size - row["claimed"]}
                share_quotas.check(tx, row["project_id"], bounds, more)
            _move(tx, row, values)
            if size is not None and pool is not None:
                _claim(tx, row, size, pool)
            submit(tx, intent, at)

    def start_delete(self, row: Row, intent: Mapping[str, Any], now: datetime) -> None:
        """Begin to delete a share; whatever else is under way with it is to stop.

        :raises ChangedMeanwhile: it is in another state by now.
        :raises Conflict: it has snapshots.
        """
        at = stamp(now)
        values = {"status": sh.DELETING, "updated_at": at}
        with self._db.write() as tx:
            cancel_all(tx, row["uuid"], "delete", at)
            _move(tx, row, values)
            _check_no_snapshots(tx, row["uuid"])
            submit(tx, intent, at)

    def update(self, uuid: str, values: Mapping[str, Any], now: datetime) -> None:
        """Change what is its owner's to change, or its status where an administrator says it.

        :raises NotFound: it is gone.
        """
        with self._db.write() as tx:
            mine = sa.update(shares).where(_C.uuid == uuid)
            if tx.execute(mine.values({**values, "updated_at": stamp(now)})).rowcount != 1:
                raise NotFound("Share", uuid)

    def change_metadata(
        self, uuid: str, given: Mapping[str, str], drop: Sequence[str] | None, now: datetime
    ) -> dict[str, str]:
        """Add metadata, and drop keys; with `drop` None all that is not given. What it is then.

        :raises NotFound: the share is gone, or a key that is to be dropped.
        """
        with self._db.write() as tx:
            query = sa.select(_C.metadata).where(_C.uuid == uuid).with_for_update()
            before = tx.execute(query).scalar()
            if before is None:
                raise NotFound("Share", uuid)
            missing = [key for key in drop or () if key not in before]
            if missing:
                raise NotFound("Metadata", missing[0])
            kept = {} if drop is None else {k: v for k, v in before.items() if k not in drop}
            after = sh.check_metadata({**kept, **given})
            changed = {"metadata": after, "updated_at": stamp(now)}
            tx.execute(sa.update(shares).where(_C.uuid == uuid).values(changed))
            return after

    def forget(self, row: Row) -> None:
        """Remove a share that was never placed."""
        with self._db.write() as tx:
            forget(tx, row["uuid"])

    def locations(self, uuid: str) -> list[Row]:
        """Where clients find it, the oldest first."""
        table = share_export_locations
        query = sa.select(table).where(table.c.share_uuid == uuid).order_by(table.c.id)
        with self._db.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def _check_quota(tx: sa.Connection, values: Mapping[str, Any], bounds: Sequence[Bound]) -> None:
    asked = {"shares": 1, "gigabytes": values["size"]}
    share_quotas.check(tx, values["project_id"], bounds, asked)


def _move(tx: sa.Connection, row: Row, values: Mapping[str, Any]) -> None:
    judged = {
        "our_uuid": row["uuid"],
        "judged": row["status"],
        "judged_claim": row["claimed"],
    }
    if tx.execute(_MOVE, {**values, **judged}).rowcount != 1:
        raise ChangedMeanwhile("Share", row["uuid"])


def _claim(tx: sa.Connection, row: Row, size: int, pool: Pool) -> None:
    more = size - row["claimed"]
    if not claim(tx, pool.host, more, pool.most):
        raise Conflict(
            f"Pool {pool.host} has room for {pool.room} GiB more; share {row['uuid']} needs "
            f"{more} GiB."
        )


def _check_no_snapshots(tx: sa.Connection, uuid: str) -> None:
    query = sa.select(sa.func.count()).where(share_snapshots.c.share_uuid == uuid)
    if count := tx.execute(query).scalar():
        raise Conflict(f"Share {uuid} has {count} snapshots; first delete these.")


def forget(tx: sa.Connection, uuid: str) -> None:
    """Remove a share and all that belongs to it, and give back what it has claimed."""
    query = sa.select(_C.host, _C.claimed).where(_C.uuid == uuid).with_for_update()
    found = tx.execute(query).first()
    tx.execute(sa.delete(shares).where(_C.uuid == uuid))
    for table in (share_export_locations, share_access_rules, share_snapshots):
        tx.execute(sa.delete(table).where(table.c.share_uuid == uuid))
    if found is not None:
        release(tx, found.host, found.claimed)
