"""Why operations failed: what is read for their autopsies, and the autopsies themselves."""

from typing import Any

import sqlalchemy as sa

from baremetal.db.database import Database
from baremetal.db.events import EventLog
from baremetal.db.tables import operations
from baremetal.domain.errors import NoAutopsy, NotFound
from baremetal.domain.operation import Operation

_TOLD = ("at", "step", "percent", "message")
#: So many reports are looked at; those of operations before it are among them.
_LAST = 5


def reports(db: Database, operation: Operation) -> list[dict[str, Any]]:
    """What was last reported of an operation's progress, oldest first, if it is not long ago.

    Each has ``at``, ``step``, ``percent`` and ``message``.
    """
    found = EventLog(db).newest(_LAST, operation.resource_uuid, kind="operation.progress")
    mine = [row["data"] for row in found if row["data"]["operation_uuid"] == operation.uuid]
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
