"""Limits of what projects may have, and what they have: counted, never kept."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from baremetal.db.database import Database, one_at_a_time
from baremetal.db.share_tables import share_quotas, share_snapshots, shares
from baremetal.domain.share import UNLIMITED, QuotaExceeded

_C = share_quotas.c
#: resource -> (what is counted, which column of it is summed; None: rows)
_COUNTED: Mapping[str, tuple[sa.Table, str | None]] = {
    "shares": (shares, None),
    "gigabytes": (shares, "claimed"),
    "snapshots": (share_snapshots, None),
    "snapshot_gigabytes": (share_snapshots, "size"),
}


class QuotaStore:
    """Reads and writes limits."""

    def __init__(self, db: Database, defaults: Mapping[str, int]) -> None:
        """Work on `db`; `defaults` are the configured limits."""
        self._db = db
        self._defaults = dict(defaults)

    def limits(self, project: str, user: str = "", share_type: str = "") -> dict[str, int]:
        """What counts for a project; for a user or a type, what is said of that one alone."""
        found = dict(self._defaults) if not share_type else {}
        for whose in dict.fromkeys(("", project)):
            found |= self.given(whose) if not share_type else {}
        for key in {(project, user, share_type)} - {(project, "", "")}:
            found |= self.given(*key)
        return found

    def given(self, project: str, user: str = "", share_type: str = "") -> dict[str, int]:
        """The limits that somebody has set for just this."""
        query = sa.select(_C.resource, _C.hard_limit).where(_whose(project, user, share_type))
        with self._db.read() as connection:
            return {row.resource: row.hard_limit for row in connection.execute(query)}

    def set(self, project: str, values: Mapping[str, int], user: str = "", kind: str = "") -> None:
        """Set limits; `kind` is the uuid of a type of shares."""
        key = {"project_id": project, "user_id": user, "share_type": kind}
        with self._db.write() as tx:
            one_at_a_time(tx, f"baremetal share quotas {project}")
            for resource, limit in values.items():
                mine = sa.and_(_whose(project, user, kind), _C.resource == resource)
                changed = sa.update(share_quotas).where(mine).values(hard_limit=limit)
                if tx.execute(changed).rowcount == 0:
                    row = {**key, "resource": resource, "hard_limit": limit}
                    tx.execute(share_quotas.insert(), row)

    def forget(self, project: str, user: str = "", share_type: str = "") -> None:
        """Let what counts for others count again."""
        with self._db.write() as tx:
            tx.execute(sa.delete(share_quotas).where(_whose(project, user, share_type)))

    def usage(self, project: str, share_type: str = "") -> dict[str, int]:
        """What a project has, of one type or of all."""
        with self._db.read() as connection:
            return {
                resource: used(connection, resource, project, share_type) for resource in _COUNTED
            }


def check(
    tx: sa.Connection, project: str | None, limits: Mapping[str, int], asked: Mapping[str, int]
) -> None:
    """Return if a project may have so much more; until `tx` ends, nobody else takes of it.

    :raises QuotaExceeded: it may not.
    """
    if project is None:
        return
    limited = {name: limits.get(name, UNLIMITED) for name in asked}
    limited = {name: limit for name, limit in limited.items() if limit != UNLIMITED}
    if limited:
        one_at_a_time(tx, f"baremetal share quotas {project}")
    for name, limit in limited.items():
        now = used(tx, name, project)
        if now + asked[name] > limit:
            raise QuotaExceeded(name, asked[name], now, limit)


def used(connection: sa.Connection, resource: str, project: str, share_type: str = "") -> int:
    """How much of a resource a project has."""
    table, column = _COUNTED[resource]
    count: Any = sa.func.count() if column is None else sa.func.sum(table.c[column])
    query = sa.select(count).select_from(table).where(table.c.project_id == project)
    if share_type and table is shares:
        query = query.where(table.c.share_type == share_type)
    elif share_type:
        of_type = sa.select(shares.c.uuid).where(shares.c.share_type == share_type)
        query = query.where(table.c.share_uuid.in_(of_type))
    return int(connection.execute(query).scalar() or 0)


def _whose(project: str, user: str, share_type: str) -> "sa.ColumnElement[bool]":
    return sa.and_(_C.project_id == project, _C.user_id == user, _C.share_type == share_type)
