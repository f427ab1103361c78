"""Why operations failed: what is read for their autopsies, and the autopsies themselves."""

from typing import Any

import sqlalchemy as sa

from baremetal.db.database import Database
from baremetal.db.tables import events, operations
from baremetal.domain.errors import NoAutopsy, NotFound
from baremetal.domain.operation import Operation

#: Among so many of the newest events an operation's reports are looked for: no index has them.
_LOOK_BACK = 20_000
_TOLD = ("at", "step", "percent", "message")
_NEWEST = sa.select(sa.func.max(events.c.id))
_REPORTS = (
    sa.select(events.c.data)
    .where(
        events.c.id > sa.bindparam("after"),
        events.c.node_uuid == sa.bindparam("node"),
        events.c.type == "operation.progress",
    )
    .order_by(events.c.id.desc())
    .limit(5)
)


def reports(db: Database, operation: Operation) -> list[dict[str, Any]]:
    """What was last reported of an operation's progress, oldest first, if it is not long ago.

    Each has ``at``, ``step``, ``percent`` and ``message``.
    """
    with db.read() as connection:
        newest = connection.execute(_NEWEST).scalar() or 0
        words = {"node": operation.resource_uuid, "after": newest - _LOOK_BACK}
        found = [data for (data,) in connection.execute(_REPORTS, words)]
    mine = [data for data in found if data["operation_uuid"] == operation.uuid]
    return [{name: data[name] for name in _TOLD} for data in reversed(mine)]


def get_autopsy(db: Database, uuid: str) -> dict[str, Any]:
    """What was found out about an operation's failure.

    :raises NotFound: there is no such operation.
    :raises NoAutopsy: nothing was found out.
    """
    query = sa.select(operations.c.autopsy, operations.c.state).where(operations.c.uuid == uuid)
    with db.read() as connection:
        row = connection.execute(query).first()
    if row is None:
        raise NotFound("Operation", uuid)
    if row.autopsy is None:
        raise NoAutopsy(uuid, row.state)
    found: dict[str, Any] = row.autopsy
    return found
