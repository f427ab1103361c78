"""What the database says of the whole plane, for metrics: a few small queries per scrape."""

from dataclasses import dataclass

import sqlalchemy as sa

from baremetal.db.database import Database
from baremetal.db.tables import conductors, cursors, events, nodes, operations
from baremetal.domain import operation as op

_SINCE = sa.func.coalesce(
    sa.case((operations.c.state == op.WAITING, operations.c.waiting_since)),
    operations.c.updated_at,
    operations.c.created_at,
)
#: What is open is little beside all that ever was, and an index leads to it.
_OPEN = (
    sa.select(operations.c.kind, operations.c.state, sa.func.count(), sa.func.min(_SINCE))
    .where(operations.c.state.in_(op.OPEN))
    .group_by(operations.c.kind, operations.c.state)
)
_NODES = sa.select(nodes.c.provision_state, sa.func.count()).group_by(nodes.c.provision_state)
_CONDUCTORS = sa.select(conductors.c.lease_until)

_UNDELIVERED = sa.select(
    cursors.c.name,
    sa.select(sa.func.coalesce(sa.func.max(events.c.id), 0)).scalar_subquery() - cursors.c.position,
)


@dataclass(frozen=True, slots=True)
class OpenOperations:
    """Those of one kind in one state; `since` is when the oldest came into it."""

    kind: str
    state: str
    count: int
    since: str


def open_operations(db: Database) -> list[OpenOperations]:
    """All that are not over."""
    with db.read() as connection:
        return [OpenOperations(*row) for row in connection.execute(_OPEN)]


def nodes_by_state(db: Database) -> dict[str, int]:
    """Provision state -> how many nodes."""
    with db.read() as connection:
        return {row[0]: row[1] for row in connection.execute(_NODES)}


def conductor_leases(db: Database) -> list[str]:
    """Until when each conductor ever seen is believed to be alive."""
    with db.read() as connection:
        return list(connection.execute(_CONDUCTORS).scalars())


def undelivered(db: Database) -> dict[str, int]:
    """What is delivered to others, and how many events are still to be looked at for it."""
    with db.read() as connection:
        return {row[0]: max(0, row[1]) for row in connection.execute(_UNDELIVERED)}
