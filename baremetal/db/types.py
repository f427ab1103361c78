"""Column types which read the same on SQLite, PostgreSQL and MariaDB."""

from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator


class JsonText(TypeDecorator[Any]):
    """JSON kept as text, so that lists can pass it on without parsing it."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        """The value as compact JSON."""
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:
        """The parsed value."""
        return None if value is None else orjson.loads(value)


def stamp(moment: datetime) -> str:
    """The moment as ISO 8601 in UTC, fixed width: it sorts as text and needs no rendering."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def moment(text: str) -> datetime:
    """The datetime which `stamp` wrote."""
    return datetime.fromisoformat(text)


#: A moment in time, as `stamp` writes it.
Timestamp = sa.String(32)
Uuid = sa.String(36)
