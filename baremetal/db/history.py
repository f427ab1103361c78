"""The histories of nodes: the newest failures of each, written along with what they changed."""

import uuid

import sqlalchemy as sa

from baremetal.db.tables import history
from baremetal.domain.history import ERROR, Failure

#: How many rows a node keeps.
KEPT = 300

_INSERT = history.insert()
_OLDEST_KEPT = (
    sa.select(history.c.id)
    .where(history.c.node_uuid == sa.bindparam("node"))
    .order_by(history.c.id.desc())
    .offset(KEPT - 1)
    .limit(1)
)
_FORGET = sa.delete(history).where(
    history.c.node_uuid == sa.bindparam("node"), history.c.id < sa.bindparam("oldest")
)


def record(tx: sa.Connection, at: str, node_uuid: str, failure: Failure) -> None:
    """Add a row within the transaction of the failure, and forget the oldest beyond `KEPT`."""
    row = {
        "uuid": str(uuid.uuid4()),
        "node_uuid": node_uuid,
        "created_at": at,
        "event": failure.text,
        "event_type": failure.event_type,
        "severity": ERROR,
        "conductor": failure.conductor,
        "user": failure.user,
    }
    tx.execute(_INSERT, row)
    oldest = tx.execute(_OLDEST_KEPT, {"node": node_uuid}).scalar()
    if oldest is not None:
        tx.execute(_FORGET, {"node": node_uuid, "oldest": oldest})
