"""What happened, in order: the rows behind the event stream."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from baremetal.db.database import RECORDING, Database, one_at_a_time
from baremetal.db.owners import on_node_of_project
from baremetal.db.tables import cursors, events
from baremetal.db.types import stamp

#: Of rows ``{"at", "type", "node_uuid", "data"}``.
INSERT = events.insert()
#: The same for PostgreSQL, as what writers of events take part in; `rows` are JSON.
INSERT_ALL = """
INSERT INTO events (at, type, node_uuid, data)
SELECT one.at, one.type, one.node_uuid, one.data
FROM (SELECT pg_advisory_xact_lock_shared(hashtext(%(what)s))) AS turn,
    json_to_recordset(%(rows)s) AS one (at text, type text, node_uuid text, data json)
"""

#: How much longer the log may grow while what is in it cannot be delivered, and for how long.
_MOST = 20
_TRYING = timedelta(days=1)

#: How far back the newest events of one node are looked for: the log has no index of nodes.
SEARCHED = 20_000

#: So many events that are not looked for may be searched again, rather than let writers wait.
_STRIDE = 500
_NEWEST = sa.select(sa.func.max(events.c.id))

#: One event before it has a number: (type, node uuid, data).
Event = tuple[str, str | None, Mapping[str, Any]]


class EventLog:
    """Reads the events, and forgets old ones."""

    def __init__(self, db: Database) -> None:
        """Read from `db`."""
        self._db = db

    def last_id(self) -> int:
        """The number of the newest event; 0 where there is none."""
        with self._db.read() as connection:
            return connection.execute(_NEWEST).scalar() or 0

    def after(
        self, number: int, node: str | None = None, project: str | None = None, limit: int = 500
    ) -> list[dict[str, Any]]:
        """The events that came after `number`, oldest first; none ever comes between them.

        They may be those of one node alone, or of the nodes of one project.
        """
        return self.look(number, node, project, limit)[0]

    def look(
        self, number: int, node: str | None = None, project: str | None = None, limit: int = 500
    ) -> tuple[list[dict[str, Any]], int]:
        """As `after`, and the number to look after next time.

        That one passes what others have been told meanwhile, so that who waits for few events
        among many does not search them all each time.
        """
        query = sa.select(events).where(events.c.id > number).order_by(events.c.id).limit(limit)
        if node is not None:
            query = query.where(events.c.node_uuid == node)
        if project is not None:
            query = query.where(on_node_of_project(events.c.node_uuid, project))
        with self._db.read() as connection:
            newest = connection.execute(_NEWEST).scalar() or 0
            if newest <= number:
                return [], number
            found = [dict(row) for row in connection.execute(query).mappings()]
        if self._db.is_sqlite:
            return found, _next(found, limit, newest)
        if not found and newest - number < _STRIDE:
            return [], number
        # A number is given out before its event is committed: let those before the last commit.
        with self._db.write() as tx:
            one_at_a_time(tx, RECORDING)
            newest = tx.execute(_NEWEST).scalar() or 0
            found = [dict(row) for row in tx.execute(query).mappings()]
        return found, _next(found, limit, newest)

    def newest(
        self,
        limit: int,
        node: str | None = None,
        project: str | None = None,
        kind: str | None = None,
    ) -> list[dict[str, Any]]:
        """At most `limit` events, newest first; of one node, those among the last `SEARCHED`."""
        query = sa.select(events).order_by(events.c.id.desc()).limit(limit)
        if node is not None:
            oldest = self.last_id() - SEARCHED
            query = query.where(events.c.id > oldest, events.c.node_uuid == node)
        if kind is not None:
            query = query.where(events.c.type == kind)
        if project is not None:
            query = query.where(on_node_of_project(events.c.node_uuid, project))
        with self._db.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def prune(self, keep: int, now: datetime) -> int:
        """Drop all but the newest `keep` events; how many went.

        What is still to be delivered stays, up to `_MOST` times as many, while anybody tries.
        """
        newest = self.last_id()
        oldest = newest - keep
        if oldest <= 0:
            return 0
        lately = stamp(now - _TRYING)
        with self._db.write() as tx:
            query = sa.select(sa.func.min(cursors.c.position))
            delivered = tx.execute(query.where(cursors.c.lease_until > lately)).scalar()
            if delivered is not None:
                oldest = max(min(oldest, delivered), newest - _MOST * keep)
            return tx.execute(sa.delete(events).where(events.c.id <= oldest)).rowcount


def _next(found: list[dict[str, Any]], limit: int, newest: int) -> int:
    """Where to go on once `found` is known, and nothing up to `newest` is yet to come."""
    last: int = found[-1]["id"] if found else 0
    return last if len(found) == limit else max(last, newest)
