"""The images repository: records, and lists of those that a project may see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from baremetal.db.database import Database
from baremetal.db.records import Records
from baremetal.db.tables import image_locations, image_members, images
from baremetal.db.types import stamp
from baremetal.domain import image as im
from baremetal.domain.errors import ChangedMeanwhile, InvalidInput, NotFound
from baremetal.domain.image import Image

Row = dict[str, Any]

#: By what a list can be sorted, and how its column is called.
SORTABLE: Final[Mapping[str, str]] = {
    **{name: name for name in ("name", "status", "container_format", "disk_format", "size")},
    "id": "uuid",
    "created_at": "created_at",
    "updated_at": "updated_at",
}

_MOMENTS: Final = ("created_at", "updated_at")


class _Holds(FunctionElement[bool]):
    """Whether one text stands within another, letter by letter."""

    inherit_cache = True
    type = sa.Boolean()


@compiles(_Holds)
def _strpos(element: Any, compiler: Any, **kw: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **kw)}) > 0"


@compiles(_Holds, "sqlite")
def _instr(element: Any, compiler: Any, **kw: Any) -> str:
    return f"instr({compiler.process(element.clauses, **kw)}) > 0"


@compiles(_Holds, "mysql", "mariadb")
def _binary_instr(element: Any, compiler: Any, **kw: Any) -> str:
    text, part = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"instr(BINARY {text}, BINARY {part}) > 0"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which images a list shows."""

    #: Whose list it is; with `everybody` they see what belongs to others, too.
    project: str | None
    everybody: bool = False
    #: Column -> value, or several of them.
    equal: Mapping[str, Any] | None = None
    #: (column, operator, value): ``gt``, ``gte``, ``lt``, ``lte``, ``eq``, ``neq``.
    compared: Sequence[tuple[str, str, Any]] = ()
    tags: Sequence[str] = ()
    properties: Mapping[str, str] | None = None
    visibility: str | None = None
    member_status: str = im.ACCEPTED
    #: (key of `SORTABLE`, whether downwards), the foremost first.
    sort: Sequence[tuple[str, bool]] = (("created_at", True),)
    marker: str | None = None
    limit: int = 25


class ImageStore:
    """Records of images; `baremetal.db.image_data` writes where their bytes are."""

    def __init__(self, db: Database) -> None:
        """Work on `db`."""
        self._db = db
        self._records = Records(db, images, "Image", ("uuid",))

    def row(self, uuid: str) -> Row:
        """All columns of an image.

        :raises NotFound: there is none, or it is on its way out.
        """
        found = self._records.get(uuid)
        if found["status"] in (im.PENDING_DELETE, im.DELETED):
            raise NotFound("Image", uuid)
        return found

    def insert(self, values: Mapping[str, Any], now: datetime) -> None:
        """Add a record, without bytes.

        :raises AlreadyExists: the uuid is taken.
        """
        self._records.insert({**values, "updated_at": stamp(now)}, now)

    def update(self, before: Mapping[str, Any], values: Mapping[str, Any], now: datetime) -> None:
        """Change a record as it was read in `before`.

        :raises ChangedMeanwhile: somebody else has changed it since.
        """
        self._records.update(before, values, now)

    def page(self, wanted: Wanted) -> list[Row]:
        """So many rows of a list, from behind the marker on.

        :raises InvalidInput: the marker is no image that the list can show.
        """
        query = sa.select(images).where(_visible(wanted), *_conditions(wanted))
        keys = [*wanted.sort]
        if all(key != "id" for key, _ in keys):
            keys.append(("id", keys[-1][1]))
        columns = [(_comparable(images.c[SORTABLE[key]]), down) for key, down in keys]
        with self._db.read() as connection:
            if wanted.marker is not None:
                at = sa.select(*(column for column, _ in columns)).where(
                    images.c.uuid == wanted.marker.lower(), _visible(wanted)
                )
                place = connection.execute(at).first()
                if place is None:
                    raise InvalidInput(
                        f"The marker {wanted.marker[:80]} is no image (any more). "
                        "Start again without a marker."
                    )
                query = query.where(_behind(columns, place))
            order = [column.desc() if down else column.asc() for column, down in columns]
            query = query.order_by(*order).limit(wanted.limit)
            return [dict(row) for row in connection.execute(query).mappings()]

    def stores_of(self, uuids: Sequence[str]) -> dict[str, list[str]]:
        """{image: the stores where its bytes are}, the oldest first."""
        where = image_locations.c
        query = (
            sa.select(where.image_uuid, where.store)
            .where(where.image_uuid.in_(uuids), where.state == im.STORED)
            .order_by(where.id)
        )
        found: dict[str, list[str]] = {}
        with self._db.read() as connection:
            for image, store in connection.execute(query):
                found.setdefault(image, []).append(store)
        return found


def image_of(row: Mapping[str, Any]) -> Image:
    """The image that a row is about."""
    names = ("uuid", "status", "name", "owner", "visibility", "protected", "disk_format")
    return Image(
        **{name: row[name] for name in names},
        container_format=row["container_format"],
        size=row["size"],
        virtual_size=row["virtual_size"],
        tags=tuple(row["tags"]),
        properties=row["properties"],
    )


def move(tx: sa.Connection, row: Mapping[str, Any], event: str, values: Row, at: str) -> None:
    """Let something happen to an image that is as it was read in `row`.

    :raises Conflict: it can not happen to an image of this status.
    :raises ChangedMeanwhile: the image is no longer as it was.
    """
    changed = {
        **values,
        "status": image_of(row).after(event),
        "version": row["version"] + 1,
        "updated_at": at,
    }
    unchanged = sa.and_(images.c.uuid == row["uuid"], images.c.version == row["version"])
    if tx.execute(sa.update(images).where(unchanged).values(changed)).rowcount != 1:
        raise ChangedMeanwhile("Image", row["uuid"])


def _visible(wanted: Wanted) -> "sa.ColumnElement[bool]":
    column = images.c
    there: sa.ColumnElement[bool] = column.status.not_in((im.PENDING_DELETE, im.DELETED))
    if wanted.visibility in im.VISIBILITIES:
        there = sa.and_(there, column.visibility == wanted.visibility)
    if wanted.everybody:
        return there
    mine = sa.false() if wanted.project is None else column.owner == wanted.project
    joined = sa.select(image_members.c.image_uuid).where(image_members.c.member == wanted.project)
    if wanted.member_status != "all":
        joined = joined.where(image_members.c.status == wanted.member_status)
    seen = sa.or_(
        mine,
        column.visibility == im.PUBLIC,
        sa.and_(column.visibility == im.SHARED, column.uuid.in_(joined)),
    )
    if wanted.visibility in (im.COMMUNITY, "all"):
        seen = sa.or_(seen, column.visibility == im.COMMUNITY)
    return sa.and_(there, seen)


def _conditions(wanted: Wanted) -> list["sa.ColumnElement[bool]"]:
    found: list[sa.ColumnElement[bool]] = []
    for name, value in (wanted.equal or {}).items():
        is_ = images.c[name]
        found.append(is_.in_(value) if isinstance(value, list | tuple) else is_ == value)
    for name, operator, value in wanted.compared:
        column: Any = images.c[name]
        if name in _MOMENTS:
            # As they are shown, to the second.
            column = sa.func.substr(column, 1, len(value))
        found.append(
            {
                "gt": column > value,
                "gte": column >= value,
                "lt": column < value,
                "lte": column <= value,
                "eq": column == value,
                "neq": column != value,
            }[operator]
        )
    parts = [("tags", orjson.dumps(tag).decode()) for tag in wanted.tags]
    for name, text in (wanted.properties or {}).items():
        parts.append(("properties", f"{orjson.dumps(name).decode()}:{orjson.dumps(text).decode()}"))
    for name, part in parts:
        found.append(_Holds(sa.type_coerce(images.c[name], sa.Text), sa.literal(part, sa.Text)))
    return found


def _comparable(column: "sa.Column[Any]") -> "sa.ColumnElement[Any]":
    """The column without nulls, which databases order each in their own way."""
    if not column.nullable:
        return column
    return sa.func.coalesce(column, -1 if isinstance(column.type, sa.Integer) else "")


def _behind(
    columns: Sequence[tuple["sa.ColumnElement[Any]", bool]], place: Sequence[Any]
) -> "sa.ColumnElement[bool]":
    """What comes after a place in the order."""
    found: sa.ColumnElement[bool] = sa.false()
    same: sa.ColumnElement[bool] = sa.true()
    for (column, down), value in zip(columns, place, strict=True):
        found = sa.or_(found, sa.and_(same, column < value if down else column > value))
        same = sa.and_(same, column == value)
    return found
