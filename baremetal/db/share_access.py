"""Rules of access to shares, and who is to put them in force.

A rule is written down with its wish; one operation puts all that is pending of a share in force.
While one is queued no other is needed: whoever adds a rule holds the share's row, and whoever
carries the operation out looks at what is pending while they hold it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from baremetal.db.database import Database
from baremetal.db.operations import submit
from baremetal.db.share_tables import share_access_rules, shares
from baremetal.db.tables import operations
from baremetal.db.types import stamp
from baremetal.domain import operation as op
from baremetal.domain import share as sh
from baremetal.domain.errors import InvalidInput, NotFound

_C = share_access_rules.c
Row = dict[str, Any]
_HOLD = (
    sa.update(shares)
    .where(shares.c.uuid == sa.bindparam("our_uuid"))
    .values(version=shares.c.version + 1)
)
_STATUS = sa.select(shares.c.status).where(shares.c.uuid == sa.bindparam("our_uuid"))
_QUEUED = sa.select(operations.c.id).where(
    operations.c.resource_uuid == sa.bindparam("our_uuid"),
    operations.c.kind == sh.ACCESS,
    operations.c.state == op.QUEUED,
    operations.c.cancel_requested.is_(None),
)
_SAME = sa.select(_C.id).where(
    _C.share_uuid == sa.bindparam("our_uuid"),
    _C.access_to == sa.bindparam("to"),
    _C.access_type == sa.bindparam("type"),
    _C.state.not_in(sh.UNWANTED),
)
_STATE = sa.update(share_access_rules).where(_C.uuid == sa.bindparam("our_rule"))


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of rules, by their uuids; and why some were refused, for a person."""

    active: Sequence[str] = ()
    gone: Sequence[str] = ()
    failed: Sequence[str] = ()
    keys: Mapping[str, str] = field(default_factory=dict)
    why: str = ""


class AccessStore:
    """Rules as they are wanted, and as they are."""

    def __init__(self, db: Database) -> None:
        """Work on `db`."""
        self._db = db

    def of(self, share: str, states: Iterable[str] | None = None) -> list[Row]:
        """The rules of a share, the oldest first; those in some states alone."""
        query = sa.select(share_access_rules).where(_C.share_uuid == share).order_by(_C.id)
        if states is not None:
            query = query.where(_C.state.in_(list(states)))
        with self._db.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def find(self, uuid: str) -> Row | None:
        """One rule, if there is one of this uuid."""
        query = sa.select(share_access_rules).where(_C.uuid == uuid.lower())
        with self._db.read() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else dict(row)

    def get(self, uuid: str) -> Row:
        """One rule.

        :raises NotFound: there is none.
        """
        row = self.find(uuid)
        if row is None:
            raise NotFound("Access rule", uuid)
        return row

    def allow(self, rule: Row, intent: Mapping[str, Any], now: datetime) -> None:
        """Add a rule that is to be put in force.

        :raises InvalidInput: the share has such a rule.
        :raises Conflict: the share is not available.
        """
        at, share = stamp(now), rule["share_uuid"]
        with self._db.write() as tx:
            self._hold(tx, share, sh.ACCESS)
            same = {"our_uuid": share, "to": rule["access_to"], "type": rule["access_type"]}
            if tx.execute(_SAME, same).first() is not None:
                raise InvalidInput(
                    f"Share {share} has a rule for {rule['access_type']} {rule['access_to']} "
                    "already; deny that one first."
                )
            tx.execute(share_access_rules.insert(), {**rule, "created_at": at})
            self._request(tx, share, intent, at)

    def deny(self, rule: Row, intent: Mapping[str, Any], now: datetime) -> None:
        """Let a rule be taken out of force; to ask twice is fine."""
        at, share = stamp(now), rule["share_uuid"]
        with self._db.write() as tx:
            self._hold(tx, share, None)
            tx.execute(_STATE, {"state": sh.TO_DENY, "updated_at": at, "our_rule": rule["uuid"]})
            self._request(tx, share, intent, at)

    def pending(self, share: str, now: datetime) -> tuple[list[Row], list[Row]]:
        """What is to be put in force, and taken out of it, from here on."""
        at = stamp(now)
        query = sa.select(share_access_rules).where(
            _C.share_uuid == share, _C.state.in_((*sh.WANTED, *sh.UNWANTED))
        )
        with self._db.write() as tx:
            tx.execute(_HOLD, {"our_uuid": share})
            found = [dict(row) for row in tx.execute(query.order_by(_C.id)).mappings()]
            for before, after in ((sh.TO_APPLY, sh.APPLYING), (sh.TO_DENY, sh.DENYING)):
                these = sa.and_(_C.share_uuid == share, _C.state == before)
                changed = sa.update(share_access_rules).where(these)
                if any(row["state"] == before for row in found):
                    tx.execute(changed.values(state=after, updated_at=at))
        add = [row for row in found if row["state"] in sh.WANTED]
        return add, [row for row in found if row["state"] in sh.UNWANTED]

    def change_metadata(self, uuid: str, metadata: Mapping[str, str], now: datetime) -> None:
        """Replace the metadata of a rule."""
        values = {"metadata": dict(metadata), "updated_at": stamp(now), "our_rule": uuid}
        with self._db.write() as tx:
            tx.execute(_STATE, values)

    def _hold(self, tx: sa.Connection, share: str, kind: str | None) -> None:
        tx.execute(_HOLD, {"our_uuid": share})
        status = tx.execute(_STATUS, {"our_uuid": share}).scalar()
        if status is None:
            raise NotFound("Share", share)
        if kind is not None:
            sh.check_begin(kind, "Share", share, status)

    def _request(self, tx: sa.Connection, share: str, intent: Mapping[str, Any], at: str) -> None:
        if tx.execute(_QUEUED, {"our_uuid": share}).first() is None:
            submit(tx, intent, at)
        syncing = {"access_rules_status": sh.SYNCING}
        tx.execute(sa.update(shares).where(shares.c.uuid == share).values(syncing))


def write_applied(tx: sa.Connection, share: str, applied: Applied, at: str) -> None:
    """Write what became of rules; a rule that is no longer wanted meanwhile stays pending.

    The caller holds the share, so that who adds a rule says so of it before us, or after.
    """
    # A rule that another operation takes out of force by now is not ours to call active.
    ours = ((sh.ACTIVE, applied.active, _C.state == sh.APPLYING),)
    for state, uuids, which in (*ours, (sh.ERROR, applied.failed, _C.state != sh.TO_DENY)):
        if uuids:
            these = sa.and_(_C.uuid.in_(uuids), which)
            changed = sa.update(share_access_rules).where(these)
            tx.execute(changed.values(state=state, updated_at=at))
    if applied.gone:
        tx.execute(sa.delete(share_access_rules).where(_C.uuid.in_(applied.gone)))
    for uuid, key in applied.keys.items():
        tx.execute(_STATE, {"access_key": key, "our_rule": uuid})
    left = sa.select(_C.state).where(
        _C.share_uuid == share, _C.state.in_((*sh.WANTED, *sh.UNWANTED, sh.ERROR))
    )
    states = set(tx.execute(left.distinct()).scalars())
    status = sh.ERROR if sh.ERROR in states else sh.SYNCING if states else sh.ACTIVE
    changed = sa.update(shares).where(shares.c.uuid == share)
    tx.execute(changed.values(access_rules_status=status))
