"""What the database says of the plane beside its `counts`: who is alive, what is undelivered."""

import sqlalchemy as sa

from baremetal.db.database import Database
from baremetal.db.tables import conductors, cursors, events

_CONDUCTORS = sa.select(conductors.c.lease_until)

_UNDELIVERED = sa.select(
    cursors.c.name,
    sa.select(sa.func.coalesce(sa.func.max(events.c.id), 0)).scalar_subquery() - cursors.c.position,
)


def conductor_leases(db: Database) -> list[str]:
    """Until when each conductor ever seen is believed to be alive."""
    with db.read() as connection:
        return list(connection.execute(_CONDUCTORS).scalars())


def undelivered(db: Database) -> dict[str, int]:
    """What is delivered to others, and how many events are still to be looked at for it."""
    with db.read() as connection:
        return {row[0]: max(0, row[1]) for row in connection.execute(_UNDELIVERED)}
