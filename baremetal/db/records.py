"""Plain rows (ports, chassis, allocations): insert, read, change if unchanged, delete."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from baremetal.db.database import Database
from baremetal.db.types import stamp
from baremetal.domain.errors import AlreadyExists, ChangedMeanwhile, NotFound
from baremetal.domain.node import is_uuid


class Records:
    """The rows of one table. `unique` are its columns that no two rows may share."""

    def __init__(self, db: Database, table: sa.Table, kind: str, unique: tuple[str, ...]) -> None:
        """Work on `table`; `kind` is what people call one row."""
        self._db = db
        self._table = table
        self._kind = kind
        self._unique = unique

    def get(self, ident: str, *others: str) -> dict[str, Any]:
        """The row with this uuid, or with this value in one of the `others` columns.

        :raises NotFound: there is none.
        """
        columns = self._table.c
        condition = columns.uuid == ident.lower()
        if not is_uuid(ident):
            condition = sa.or_(sa.false(), *(columns[name] == ident for name in others))
        with self._db.read() as connection:
            row = connection.execute(sa.select(self._table).where(condition)).mappings().first()
        if row is None:
            raise NotFound(self._kind, ident)
        return dict(row)

    def insert(self, values: Mapping[str, Any], now: datetime) -> None:
        """Add a row.

        :raises AlreadyExists: a unique value is taken.
        """
        try:
            with self._db.write() as tx:
                tx.execute(self._table.insert(), {**values, "created_at": stamp(now)})
        except IntegrityError as error:
            raise self._taken(values, error) from error

    def update(self, before: Mapping[str, Any], values: Mapping[str, Any], now: datetime) -> None:
        """Change a row as it was read in `before`.

        :raises ChangedMeanwhile: somebody else has changed it since.
        :raises AlreadyExists: a unique value is taken.
        """
        columns = self._table.c
        unchanged = sa.and_(columns.uuid == before["uuid"], columns.version == before["version"])
        changed = {**values, "version": before["version"] + 1, "updated_at": stamp(now)}
        try:
            with self._db.write() as tx:
                query = sa.update(self._table).where(unchanged).values(changed)
                if tx.execute(query).rowcount != 1:
                    raise ChangedMeanwhile(self._kind, before["uuid"])
        except IntegrityError as error:
            raise self._taken(values, error) from error

    def delete(self, uuid: str) -> None:
        """Remove a row.

        :raises NotFound: it is gone already.
        """
        with self._db.write() as tx:
            query = sa.delete(self._table).where(self._table.c.uuid == uuid)
            if tx.execute(query).rowcount != 1:
                raise NotFound(self._kind, uuid)

    def _taken(self, values: Mapping[str, Any], error: IntegrityError) -> AlreadyExists:
        text = str(error.orig)
        for name in self._unique:
            if f"{self._table.name}.{name}" in text or f"{self._table.name}_{name}" in text:
                return AlreadyExists(
                    f"A {self._kind.lower()} with {name} {values.get(name)} already exists."
                )
        return AlreadyExists(f"The {self._kind.lower()} can not be written: {text}")
