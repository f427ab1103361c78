"""Locks that a transaction holds until its end, for what no row stands for.

SQLite needs none: it has one writer. PostgreSQL has advisory locks. On MariaDB a lock is a row
of the table ``locks``, found by a hash of its name; so some names share one.
"""

import zlib
from typing import Any

import sqlalchemy as sa

from baremetal.db.tables import LOCK_ROWS, locks

#: What writers of events take part in, and a reader may want to itself.
RECORDING = "baremetal events"

_ADVISORY = sa.text("SELECT pg_advisory_xact_lock(hashtext(:what))")
_ADVISORY_SHARED = sa.text("SELECT pg_advisory_xact_lock_shared(hashtext(:what))")
_ROW = sa.select(locks.c.id).where(locks.c.id == sa.bindparam("row"))
_ROW_ALONE = _ROW.with_for_update()
_ROW_SHARED = _ROW.with_for_update(read=True)


def one_at_a_time(tx: sa.Connection, what: str) -> None:
    """Wait until no other transaction does `what`; then none does until this one ends."""
    _take(tx, what, _ADVISORY, _ROW_ALONE)


def before_or_after(tx: sa.Connection, what: str) -> None:
    """Take part in `what` beside others, but not beside one who wants it `one_at_a_time`."""
    _take(tx, what, _ADVISORY_SHARED, _ROW_SHARED)


def _take(tx: sa.Connection, what: str, advisory: Any, row: Any) -> None:
    name = tx.dialect.name
    if name == "postgresql":
        tx.execute(advisory, {"what": what})
    elif name in ("mysql", "mariadb"):
        tx.execute(row, {"row": _row_of(what)})


def _row_of(what: str) -> int:
    """Its row; what all writers share has one of its own, or they would wait for themselves."""
    return 0 if what == RECORDING else 1 + zlib.crc32(what.encode()) % (LOCK_ROWS - 1)
