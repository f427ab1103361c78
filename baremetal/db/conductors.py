"""The conductors repository: who is alive, and which hardware types they have."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from baremetal.db.database import Database
from baremetal.db.tables import conductors
from baremetal.db.types import stamp


class ConductorStore:
    """Membership by leases."""

    def __init__(self, db: Database) -> None:
        """Work on `db`."""
        self._db = db

    def register(
        self,
        hostname: str,
        group: str,
        drivers: Mapping[str, Any],
        now: datetime,
        lease_until: datetime,
    ) -> None:
        """Announce a conductor; one that was known takes its old row."""
        at = stamp(now)
        values = {
            "conductor_group": group,
            "drivers": dict(drivers),
            "updated_at": at,
            "lease_until": stamp(lease_until),
        }
        mine = sa.update(conductors).where(conductors.c.hostname == hostname)
        with self._db.write() as tx:
            if tx.execute(mine.values(values)).rowcount == 0:
                tx.execute(conductors.insert(), {**values, "hostname": hostname, "created_at": at})

    def renew(self, hostname: str, now: datetime, lease_until: datetime) -> None:
        """Say that the conductor is still alive."""
        query = sa.update(conductors).where(conductors.c.hostname == hostname)
        with self._db.write() as tx:
            tx.execute(query.values(updated_at=stamp(now), lease_until=stamp(lease_until)))

    def leave(self, hostname: str, now: datetime) -> None:
        """Say that the conductor is gone."""
        self.renew(hostname, now, now)

    def all(self) -> list[dict[str, Any]]:
        """All conductors ever seen, by name."""
        with self._db.read() as connection:
            query = sa.select(conductors).order_by(conductors.c.hostname)
            return [dict(row) for row in connection.execute(query).mappings()]
