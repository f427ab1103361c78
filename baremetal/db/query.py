"""Selects that are compiled once, for the reads that the API does most."""

from collections.abc import Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from baremetal.db.database import Database
from baremetal.db.types import JsonText


def shown(column: "sa.ColumnElement[Any]") -> "sa.ColumnElement[Any]":
    """The column as the API passes it on: JSON stays text."""
    if isinstance(column.type, JsonText):
        return sa.type_coerce(column, sa.Text).label(column.key)
    return column


class Rows:
    """Turns raw tuples of columns into what SQLAlchemy would have made of them."""

    def __init__(self, columns: "Sequence[sa.Column[Any]]") -> None:
        """Convert rows of `columns`, in their order."""
        self.columns = [shown(column) for column in columns]
        self._names = tuple(column.key for column in columns)
        self._json = tuple(c.key for c in columns if isinstance(c.type, JsonText))
        self._flags = tuple(c.key for c in columns if isinstance(c.type, sa.Boolean))

    def convert(self, row: Sequence[Any]) -> dict[str, Any]:
        """One row by column name, JSON parsed."""
        values = dict(zip(self._names, row, strict=True))
        for name in self._json:
            text = values[name]
            values[name] = None if text is None else {} if text == "{}" else orjson.loads(text)
        for name in self._flags:
            if values[name] is not None:
                values[name] = bool(values[name])
        return values


class Prepared:
    """A select that is turned into SQL once and run many times.

    It goes past SQLAlchemy's result objects, which would cost more than the query.
    So rows are plain tuples, booleans on SQLite are 0 and 1, and JSON is text.
    """

    def __init__(self, db: Database, query: "sa.Select[Any]") -> None:
        """Compile `query`, whose parameters are all ``bindparam``s, for `db`."""
        self._db = db
        compiled = query.compile(db.reader, compile_kwargs={"render_postcompile": True})
        self._sql = str(compiled)
        self._names: Sequence[str] | None = compiled.positiontup
        self._fixed = dict(compiled.params)

    def all(self, **parameters: Any) -> list[tuple[Any, ...]]:
        """All rows."""
        values: Any = {**self._fixed, **parameters}
        if self._names is not None:
            values = tuple(values[name] for name in self._names)
        return self._db.fetch(self._sql, values)

    def first(self, **parameters: Any) -> tuple[Any, ...] | None:
        """The first row, or None."""
        rows = self.all(**parameters)
        return rows[0] if rows else None
