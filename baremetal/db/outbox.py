"""How far the events have been delivered to others, and by whom.

The ``events`` table is the outbox. A cursor says up to where it has been emptied, and one
conductor at a time holds a lease on it; each write names the holder.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from baremetal.db.database import Database
from baremetal.db.tables import cursors, events, nodes
from baremetal.db.types import stamp
from baremetal.domain.notification import NODE_FIELDS

NOTIFICATIONS = "notifications"

_OURS = cursors.c.name == NOTIFICATIONS
_FIELDS = [nodes.c[name] for name in NODE_FIELDS]


class OutboxStore:
    """The cursor of notifications."""

    def __init__(self, db: Database) -> None:
        """Work on `db`."""
        self._db = db

    def begin(self, now: datetime) -> None:
        """Make the cursor if there is none: what happened before it was made is not delivered."""
        with self._db.read() as connection:
            if connection.execute(sa.select(cursors.c.position).where(_OURS)).first() is not None:
                return
            newest = connection.execute(sa.select(sa.func.max(events.c.id))).scalar() or 0
        values = {"name": NOTIFICATIONS, "position": newest, "lease_until": stamp(now)}
        try:
            with self._db.write() as tx:
                tx.execute(cursors.insert(), values)
        except IntegrityError:
            return  # another conductor has just made it

    def hold(self, owner: str, now: datetime, until: datetime) -> int | None:
        """The number of the last event that was delivered; None where another one delivers."""
        free = sa.or_(
            cursors.c.owner == owner, cursors.c.owner.is_(None), cursors.c.lease_until < stamp(now)
        )
        query = sa.update(cursors).where(_OURS, free)
        with self._db.write() as tx:
            if tx.execute(query.values(owner=owner, lease_until=stamp(until))).rowcount != 1:
                return None
            position: int = tx.execute(sa.select(cursors.c.position).where(_OURS)).scalar_one()
            return position

    def advance(self, owner: str, position: int) -> bool:
        """Note that all up to `position` is delivered; False if that is no longer ours to say."""
        query = sa.update(cursors).where(_OURS, cursors.c.owner == owner)
        with self._db.write() as tx:
            return tx.execute(query.values(position=position)).rowcount == 1

    def described(self, uuids: Collection[str]) -> dict[str, Mapping[str, Any]]:
        """What notifications tell of these nodes, of those that there are."""
        query = sa.select(*_FIELDS).where(nodes.c.uuid.in_(uuids))
        with self._db.read() as connection:
            return {row["uuid"]: dict(row) for row in connection.execute(query).mappings()}
