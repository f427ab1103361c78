"""The backends of share services: what they report, and what is claimed of their pools."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from baremetal.db.database import Database, Prepared, Rows
from baremetal.db.share_tables import share_backends
from baremetal.db.types import stamp
from baremetal.domain.errors import NotFound
from baremetal.domain.share_pool import Pool, pool_of

_C = share_backends.c
_ROWS = Rows(list(share_backends.columns))
_ALL = sa.select(*_ROWS.columns).order_by(_C.id)
_CLAIM = (
    sa.update(share_backends)
    .where(
        _C.host == sa.bindparam("our_host"),
        _C.allocated + sa.bindparam("gib", type_=sa.BigInteger)
        <= sa.bindparam("most", type_=sa.BigInteger),
    )
    .values(allocated=_C.allocated + sa.bindparam("gib", type_=sa.BigInteger))
)
_RELEASE = (
    sa.update(share_backends)
    .where(_C.host == sa.bindparam("our_host"))
    .values(allocated=_C.allocated - sa.bindparam("gib", type_=sa.BigInteger))
)


class BackendStore:
    """Backends as their services say that they are."""

    def __init__(self, db: Database) -> None:
        """Work on `db`."""
        self._db = db
        self._all = Prepared(db, _ALL)

    def all(self) -> list[dict[str, Any]]:
        """All that ever were, the oldest first."""
        return [_ROWS.convert(row) for row in self._all.all()]

    def pools(self, now: datetime) -> list[Pool]:
        """Their pools."""
        at = stamp(now)
        return [pool_of(row, at) for row in self.all()]

    def allocated(self, host: str) -> int:
        """What is claimed of a pool now, GiB; 0 where it is new."""
        with self._db.read() as connection:
            found = connection.execute(sa.select(_C.allocated).where(_C.host == host))
            return found.scalar() or 0

    def report(self, host: str, values: Mapping[str, Any], now: datetime, seconds: float) -> None:
        """Write what a service says of its backend; others believe it for so many seconds."""
        at = stamp(now)
        until = stamp(now + timedelta(seconds=seconds))
        told = {**values, "updated_at": at, "lease_until": until}
        with self._db.write() as tx:
            changed = sa.update(share_backends).where(_C.host == host).values(told)
            if tx.execute(changed).rowcount == 0:
                tx.execute(share_backends.insert(), {**told, "host": host, "created_at": at})

    def leave(self, service: str, now: datetime) -> None:
        """A service ends: nobody is to wait for its backends."""
        mine = sa.update(share_backends).where(_C.service == service)
        with self._db.write() as tx:
            tx.execute(mine.values(lease_until=stamp(now)))

    def disable(self, host: str, reason: str | None, *, disabled: bool) -> None:
        """Let new shares be placed there no more, or again.

        :raises NotFound: there is no such backend.
        """
        values = {"disabled": disabled, "disabled_reason": reason if disabled else None}
        with self._db.write() as tx:
            changed = sa.update(share_backends).where(_C.host == host).values(values)
            if tx.execute(changed).rowcount == 0:
                raise NotFound("Service", host)


def claim(tx: sa.Connection, host: str, gib: int, most: int) -> bool:
    """Whether so much more of a pool is ours now: with it, no more than `most` is allocated."""
    return tx.execute(_CLAIM, {"our_host": host, "gib": gib, "most": most}).rowcount == 1


def release(tx: sa.Connection, host: str | None, gib: int) -> None:
    """Give back what was claimed of a pool."""
    if host is not None and gib:
        tx.execute(_RELEASE, {"our_host": host, "gib": gib})
