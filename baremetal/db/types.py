"""Column types which read the same on SQLite, PostgreSQL and MariaDB."""

import json
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.mysql import LONGTEXT
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeDecorator

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class JsonText(sa.types.UserDefinedType[Any]):
    """JSON kept as text, so that lists can pass it on without parsing it. Never NULL."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Text, on all databases."""
        return "TEXT"

    def bind_processor(self, dialect: sa.Dialect) -> Callable[[Any], str]:
        """Values as compact JSON."""
        return _encode

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Callable[[str], Any]:
        """Parsed values."""
        return orjson.loads


#: Text that may have more than 64 KiB.
LongText = sa.Text().with_variant(LONGTEXT(), "mysql", "mariadb")


class NullableJsonText(TypeDecorator[Any]):
    """The same, where there may be nothing."""

    impl = LongText
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        """The value as compact JSON."""
        return None if value is None else _encode(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:
        """The parsed value."""
        return None if value is None else orjson.loads(value)


@compiles(JsonText, "mysql", "mariadb")
def _long_text(_type: JsonText, _compiler: object, **_: Any) -> str:
    """Where TEXT ends after 64 KiB."""
    return "LONGTEXT"


#: A moment, which must be in UTC, as ISO 8601 of fixed width: it sorts as text.
stamp: Callable[[datetime], str] = partial(datetime.isoformat, timespec="microseconds")


def moment(text: str) -> datetime:
    """The datetime which `stamp` wrote."""
    return datetime.fromisoformat(text)


#: A moment in time, as `stamp` writes it.
Timestamp = sa.String(32)
Uuid = sa.String(36)
