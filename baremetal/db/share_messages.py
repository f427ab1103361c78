"""What users are told of what did not go well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from baremetal.db.database import Database
from baremetal.db.share_tables import share_messages
from baremetal.db.types import stamp
from baremetal.domain.errors import NotFound

_C = share_messages.c
_KEPT: Final = timedelta(days=30)

#: What went wrong, in the numbers of the Shared File Systems API (its messages have an action and a
#: detail): finding a place; all else by the kind of operation.
ALLOCATE: Final = "001"
ACTIONS: Final[Mapping[str, str]] = {
    "share_create": "002",
    "share_clone": "002",
    "share_delete": "007",
    "share_extend": "008",
    "share_shrink": "009",
    "share_revert": "006",
    "share_access": "010",
    "share_snapshot": "002",
    "share_snapshot_delete": "007",
}
UNKNOWN: Final = "001"
NO_HOST: Final = "002"
REFUSED_RULE: Final = "021"
#: kind of operation -> the detail, where that says more
DETAILS: Final[Mapping[str, str]] = {"share_extend": "015", "share_clone": "017"}


@dataclass(frozen=True, slots=True)
class Message:
    """One of them, before it has a number."""

    uuid: str
    project_id: str | None
    request_id: str | None
    resource_type: str
    resource_id: str
    action_id: str
    detail_id: str
    user_message: str
    message_level: str = "ERROR"


def tell(tx: sa.Connection, message: Message, now: datetime) -> None:
    """Keep it, within the transaction that makes it true, and forget those that have expired."""
    tx.execute(sa.delete(share_messages).where(_C.expires_at < stamp(now)))
    values = {name: getattr(message, name) for name in Message.__dataclass_fields__}
    moments = {"created_at": stamp(now), "expires_at": stamp(now + _KEPT)}
    tx.execute(share_messages.insert(), {**values, **moments})


class MessageStore:
    """Reads them, and forgets those that nobody wants any more."""

    def __init__(self, db: Database) -> None:
        """Read from `db`."""
        self._db = db

    def all(self, where: Sequence[Any], offset: int, limit: int) -> list[dict[str, Any]]:
        """Those that fulfil conditions, the newest first."""
        query = sa.select(share_messages).where(*where).order_by(_C.id.desc())
        with self._db.read() as connection:
            found = connection.execute(query.offset(offset).limit(limit))
            return [dict(row) for row in found.mappings()]

    def get(self, uuid: str) -> dict[str, Any]:
        """One of them.

        :raises NotFound: there is none.
        """
        found = self.all([_C.uuid == uuid], 0, 1)
        if not found:
            raise NotFound("Message", uuid)
        return found[0]

    def delete(self, uuid: str) -> None:
        """Forget one."""
        with self._db.write() as tx:
            tx.execute(sa.delete(share_messages).where(_C.uuid == uuid))
