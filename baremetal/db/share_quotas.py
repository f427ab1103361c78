"""Limits of what projects may have, and what they have: counted, never kept."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Bound:
    """Limits by resource: of a project as a whole, of one of its users, or of one type."""

    limits: Mapping[str, int]
    user: str = ""
    share_type: str = ""

    def most(self, resource: str) -> int:
        """The limit, or `UNLIMITED`."""
        return self.limits.get(resource, UNLIMITED)


class QuotaStore:
    """Reads and writes limits."""

    def __init__(self, db: Database, defaults: Mapping[str, int]) -> None:
        """Work on `db`; `defaults` are the configured limits."""
        self._db = db
        self._defaults = dict(defaults)

    def bounds(self, project: str, user: str = "", share_type: str = "") -> list[Bound]:
        """All that somebody must keep to; the first one is their project's.

        `user` is an id, `share_type` a uuid; limits that nobody has set for them are left out.
        """
        query = sa.select(_C.project_id, _C.user_id, _C.share_type, _C.resource, _C.hard_limit)
        query = query.where(
            _C.project_id.in_(("", project)),
            _C.user_id.in_(("", user)),
            _C.share_type.in_(("", share_type)),
        )
        said: dict[tuple[str, ...], dict[str, int]] = defaultdict(dict)
        with self._db.read() as connection:
            for row in connection.execute(query):
                said[row[0], row[1], row[2]][row.resource] = row.hard_limit
        found = [Bound({**self._defaults, **said["", "", ""], **said[project, "", ""]})]
        if user and said[project, user, ""]:
            found.append(Bound(said[project, user, ""], user=user))
        if share_type and said[project, "", share_type]:
            found.append(Bound(said[project, "", share_type], share_type=share_type))
        return found

    def limits(self, project: str, user: str = "", share_type: str = "") -> dict[str, int]:
        """What counts for a project; or for a user, or a type, where that has limits of its own."""
        found: dict[str, int] = {}
        for bound in self.bounds(project, user, share_type):
            found |= bound.limits
        return found

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

    def usage(self, project: str, user: str = "", share_type: str = "") -> dict[str, int]:
        """What a project has: all of it, or what is a user's, or of a type."""
        whose = Bound({}, user, share_type)
        with self._db.read() as connection:
            return {resource: used(connection, resource, project, whose) for resource in _COUNTED}


def check(
    tx: sa.Connection, project: str | None, bounds: Sequence[Bound], asked: Mapping[str, int]
) -> None:
    """Return if a project may have so much more; until `tx` ends, nobody else takes of it.

    :raises QuotaExceeded: it may not.
    """
    limited = [(b, name) for b in bounds for name in asked if b.most(name) != UNLIMITED]
    if project is None or not limited:
        return
    one_at_a_time(tx, f"baremetal share quotas {project}")
    for bound, name in limited:
        now = used(tx, name, project, bound)
        if now + asked[name] > bound.most(name):
            raise QuotaExceeded(name, asked[name], now, bound.most(name))


def used(connection: sa.Connection, resource: str, project: str, whose: Bound) -> int:
    """How much of a resource a project has, or whom of it a bound is about."""
    table, column = _COUNTED[resource]
    count: Any = sa.func.count() if column is None else sa.func.sum(table.c[column])
    query = sa.select(count).select_from(table).where(table.c.project_id == project)
    if whose.user:
        query = query.where(table.c.user_id == whose.user)
    if whose.share_type and table is shares:
        query = query.where(table.c.share_type == whose.share_type)
    elif whose.share_type:
        of_type = sa.select(shares.c.uuid).where(shares.c.share_type == whose.share_type)
        query = query.where(table.c.share_uuid.in_(of_type))
    return int(connection.execute(query).scalar() or 0)


def _whose(project: str, user: str, share_type: str) -> "sa.ColumnElement[bool]":
    return sa.and_(_C.project_id == project, _C.user_id == user, _C.share_type == share_type)
