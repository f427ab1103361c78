"""Types of shares, and who may use those that are not public."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from baremetal.db.database import Database
from baremetal.db.records import Records
from baremetal.db.share_tables import share_type_projects, share_types, shares
from baremetal.domain.errors import AlreadyExists, InUse, NotFound

_C = share_types.c
_P = share_type_projects.c
Row = dict[str, Any]


class TypeStore:
    """Records of types."""

    def __init__(self, db: Database) -> None:
        """Work on `db`."""
        self._db = db
        self._records = Records(db, share_types, "Share type", ("name", "uuid"))

    def get(self, ident: str, project: str | None = None) -> Row:
        """The type of this uuid or name; with a `project`, as one that it may use.

        :raises NotFound: there is none.
        """
        found = self._records.get(ident, "name")
        if project is not None and not self.usable(found, project):
            raise NotFound("Share type", ident)
        return found

    def all(self, project: str | None) -> list[Row]:
        """All types, by name; with a `project` those that it may use."""
        query = sa.select(share_types).order_by(_C.name)
        if project is not None:
            theirs = sa.select(_P.share_type_uuid).where(_P.project_id == project)
            query = query.where(sa.or_(_C.is_public, _C.uuid.in_(theirs)))
        with self._db.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def usable(self, row: Row, project: str) -> bool:
        """Whether a project may use a type."""
        return bool(row["is_public"]) or project in self.projects(row["uuid"])

    def insert(self, values: Mapping[str, Any], now: datetime) -> None:
        """Add a type.

        :raises AlreadyExists: the name is taken.
        """
        self._records.insert(values, now)

    def ensure(self, values: Mapping[str, Any], now: datetime) -> None:
        """Add a type unless there is one of that name."""
        try:
            self.get(values["name"])
        except NotFound:
            try:
                self.insert(values, now)
            except AlreadyExists:
                return

    def update(self, before: Row, values: Mapping[str, Any], now: datetime) -> None:
        """Change a type as it was read in `before`.

        :raises ChangedMeanwhile: somebody else has changed it since.
        :raises AlreadyExists: the name is taken.
        """
        self._records.update(before, values, now)

    def delete(self, uuid: str) -> None:
        """Remove a type that no share has.

        :raises InUse: one has.
        """
        with self._db.write() as tx:
            used = sa.select(shares.c.uuid).where(shares.c.share_type == uuid).limit(1)
            if tx.execute(used).first() is not None:
                raise InUse(f"Share type {uuid} is in use by shares; delete these first.")
            tx.execute(sa.delete(share_type_projects).where(_P.share_type_uuid == uuid))
            tx.execute(sa.delete(share_types).where(_C.uuid == uuid))

    def projects(self, uuid: str) -> list[str]:
        """Who may use a type that is not public."""
        query = sa.select(_P.project_id).where(_P.share_type_uuid == uuid).order_by(_P.id)
        with self._db.read() as connection:
            return list(connection.execute(query).scalars())

    def add_project(self, uuid: str, project: str) -> None:
        """Let a project use it.

        :raises AlreadyExists: it may already.
        """
        row = {"share_type_uuid": uuid, "project_id": project}
        try:
            with self._db.write() as tx:
                tx.execute(share_type_projects.insert(), row)
        except IntegrityError as error:
            raise AlreadyExists(f"Project {project} may use the type already.") from error

    def remove_project(self, uuid: str, project: str) -> None:
        """Let a project use it no longer.

        :raises NotFound: it may not.
        """
        mine = sa.and_(_P.share_type_uuid == uuid, _P.project_id == project)
        with self._db.write() as tx:
            if tx.execute(sa.delete(share_type_projects).where(mine)).rowcount != 1:
                raise NotFound("Project with access", project)
