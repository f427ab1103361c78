"""Lists: filters, fields, sorting and pages that cost the same at any depth."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import quote

import orjson
import sqlalchemy as sa

from baremetal.api.call import Answer, Call
from baremetal.api.query import FIELDS, LIMIT, MARKER, SORT_DIR, Parameter
from baremetal.api.render import serialiser
from baremetal.api.types import kinds
from baremetal.api.types.base import Resource, Type, columns_for, fields_of, selected, visible
from baremetal.auth.identity import Identity
from baremetal.db.database import Prepared, shown
from baremetal.domain.errors import InvalidInput

_DETAIL_SINCE = 43
#: Callers choose fields, sorting and filters in any combination; so many statements are kept.
MOST_SHAPES = 512
#: Rows that are read, written as JSON and sent together.
_BATCH = 25


@dataclass(frozen=True, slots=True)
class Filter(Parameter):
    """A query parameter that narrows a list.

    `where` makes the condition out of a bound parameter; without it the column of that
    name must equal the value. With `shapes` the condition depends on the value itself
    and binds nothing, after `resolve` has made of it what the request's own knowledge tells.
    """

    column: str | None = None
    where: Callable[[Any], "sa.ColumnElement[bool]"] | None = None
    shapes: Callable[[Any], "sa.ColumnElement[bool]"] | None = None
    resolve: Callable[[Call, Any], Any] | None = None


class Hiding(Protocol):
    """Hides columns of rows from a caller."""

    def column(self, name: str, /) -> "sa.ColumnElement[Any]":
        """What to select for a column."""
        ...

    def bound(self, asker: Identity, /) -> Mapping[str, Any]:
        """The parameters that the columns take."""
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """What a list request asks for, checked."""

    names: tuple[str, ...]
    limit: int
    marker: str | None
    sort_key: str
    descending: bool
    filters: tuple[tuple[Filter, Any], ...]
    veil: "Hiding | None" = None

    @property
    def shape(self) -> tuple[Any, ...]:
        """What the SQL depends on; the rest is bound."""
        wheres = tuple((f.name, v if f.shapes else None) for f, v in self.filters)
        order = (self.sort_key, self.descending, self.marker is not None)
        return (self.names, *order, wheres, self.veil)


class Listing:
    """The lists of one resource. Statements are compiled once per shape of request."""

    def __init__(
        self,
        cls: type[Type],
        filters: Sequence[Filter] = (),
        *,
        detail_flag_since: int = _DETAIL_SINCE,
        unsortable: Sequence[str] = (),
        mine: Filter | None = None,
    ) -> None:
        """Serve lists of `cls`, narrowed by `filters`; `mine` finds what belongs to a project."""
        self._cls = cls
        self._resource: Resource = cls.__resource__
        self._filters = {f.name: f for f in filters}
        self._mine = mine
        sortable = ("id", *(name for name in fields_of(cls) if _sorts(cls, name, unsortable)))
        #: What the list's query may say.
        self.parameters: tuple[Parameter, ...] = (
            LIMIT,
            MARKER,
            Parameter("sort_key", kinds.one_of(*sortable), about="The field to sort by."),
            SORT_DIR,
            FIELDS,
            Parameter("detail", kinds.BOOLEAN, detail_flag_since, "Show all fields."),
            *filters,
        )

    def answer(
        self,
        call: Call,
        *,
        detail: bool = False,
        extra: Mapping[str, Callable[..., Any]] | None = None,
        path: str | None = None,
        only: Sequence[tuple[Filter, Any]] = (),
        veil: Hiding | None = None,
    ) -> Answer:
        """The page that a checked request asks for. `only` are filters of the path itself.

        :raises InvalidInput: a marker that is gone, fields that contradict each other.
        """
        page = replace(self._page(call, detail=detail, only=only), veil=veil)
        make = serialiser(self._cls, page.names)
        base, extra = call.base, extra or {}
        parts = []
        begin, left, last = f'{{"{self._resource.plural}":[', page.limit, None
        for rows in self._rows(call, page):
            shown_rows = [make(row, base, extra) for row in rows[:left]]
            if shown_rows:
                parts.append((begin + ",".join(shown_rows)).encode())
                begin, last = ",", rows[len(shown_rows) - 1]
            left -= len(rows)
        end = "]}"
        if left < 0 and last is not None:
            marker = last[columns_for(self._cls, page.names).index("uuid")]
            url = self._next(call, path or call.path, page, marker)
            end = f'],"next":{orjson.dumps(url).decode()}}}'
        parts.append((end if parts else begin + end).encode())
        return Answer(parts=parts)

    def _page(self, call: Call, *, detail: bool, only: Sequence[tuple[Filter, Any]]) -> Page:
        query, most = call.query, call.services.max_limit
        marker = query.get("marker")
        sort_key = query.get("sort_key", "id")
        if sort_key != "id":
            call.need(fields_of(self._cls)[sort_key].since, f"Sorting by {sort_key}")
        return Page(
            self._names(call, detail=detail),
            min(int(query.get("limit", most)), most) or most,
            marker and marker.lower(),
            sort_key,
            query.get("sort_dir") == "desc",
            (*self._owned(call), *only, *self._given_filters(call)),
        )

    def _owned(self, call: Call) -> tuple[tuple[Filter, Any], ...]:
        """What keeps a caller to what belongs to their own project."""
        if call.only_of is None:
            return ()
        assert self._mine is not None, call.path  # noqa: S101 - rather no list than everybody's
        return ((self._mine, call.only_of),)

    def _names(self, call: Call, *, detail: bool) -> tuple[str, ...]:
        query = call.query
        wants_detail = detail
        if "detail" in query:
            wants_detail = detail or kinds.boolean(query["detail"])
        if "fields" in query:
            if wants_detail:
                raise InvalidInput(
                    "Can not specify ?detail=True and fields in the same request."
                    if "detail" in query
                    else "Can't fetch a subset of fields of a detailed list."
                )
            return selected(self._cls, query["fields"], call.version)
        names = visible(self._cls, call.version)
        if wants_detail:
            return names
        return tuple(name for name in self._resource.summary if name in names)

    def _given_filters(self, call: Call) -> list[tuple[Filter, Any]]:
        found = []
        for name, text in call.query.items():
            wanted = self._filters.get(name)
            if wanted is not None:
                value = wanted.kind.validate(text)
                found.append((wanted, wanted.resolve(call, value) if wanted.resolve else value))
        return found

    # -- SQL -----------------------------------------------------------------

    def _rows(self, call: Call, page: Page) -> Iterator[list[tuple[Any, ...]]]:
        parameters: dict[str, Any] = {"most": page.limit + 1}
        if page.veil is not None:
            parameters |= page.veil.bound(call.identity)
        for number, (wanted, value) in enumerate(page.filters):
            if not wanted.shapes:
                parameters[f"f{number}"] = value
        db, key = call.services.db, (self, page.shape)
        prepared = db.prepared.get(key)
        if prepared is None:
            if len(db.prepared) >= MOST_SHAPES:
                db.prepared.clear()
            prepared = db.prepared[key] = Prepared(db, self._select(page))
        if page.marker is not None:
            parameters.update(self._after(call, page))
        return prepared.batches(_BATCH, **parameters)

    def _select(self, page: Page) -> "sa.Select[Any]":
        table = self._resource.table
        key = _comparable(table.c[page.sort_key])
        names = columns_for(self._cls, (*page.names, "uuid"))
        if page.veil is not None:
            query = sa.select(*(page.veil.column(name) for name in names))
        else:
            query = sa.select(*(shown(table.c[name]) for name in names))
        for number, (wanted, value) in enumerate(page.filters):
            query = query.where(_condition(table, wanted, value, sa.bindparam(f"f{number}")))
        order = [key.desc(), table.c.id.desc()] if page.descending else [key, table.c.id]
        if page.marker is not None:
            here: Any = sa.tuple_(key, table.c.id)
            there: Any = sa.tuple_(sa.bindparam("key"), sa.bindparam("id"))
            if page.sort_key == "id":
                here, there = table.c.id, sa.bindparam("id")
            query = query.where(here < there if page.descending else here > there)
        if page.sort_key == "id":
            order = order[:1]
        return query.order_by(*order).limit(sa.bindparam("most"))

    def _after(self, call: Call, page: Page) -> dict[str, Any]:
        """Where the page begins: the marker's own place in the order."""
        table = self._resource.table
        key = _comparable(table.c[page.sort_key]).label("key")
        with call.services.db.read() as connection:
            query = sa.select(key, table.c.id).where(table.c.uuid == page.marker)
            found = connection.execute(query).first()
        if found is None:
            raise InvalidInput(
                f"The marker {page.marker} is no {self._resource.singular} (any more). "
                "Start again without a marker."
            )
        return {"key": found[0], "id": found[1]} if page.sort_key != "id" else {"id": found[1]}

    def _next(self, call: Call, path: str, page: Page, marker: str) -> str:
        kept = {
            name: value
            for name, value in call.query.items()
            if name not in ("limit", "marker", "sort_key", "sort_dir")
        }
        pairs = {
            "sort_key": page.sort_key,
            "sort_dir": "desc" if page.descending else "asc",
            **kept,
            "limit": str(page.limit),
            "marker": marker,
        }
        text = "&".join(f"{name}={quote(value, safe=',')}" for name, value in pairs.items())
        return f"{call.base}{path}?{text}"


def _comparable(column: "sa.Column[Any]") -> "sa.ColumnElement[Any]":
    """The column without nulls, which databases order each in their own way."""
    if not column.nullable:
        return column
    if isinstance(column.type, sa.Boolean):
        return sa.func.coalesce(sa.cast(column, sa.Integer), -1)
    return sa.func.coalesce(column, "")


def _condition(
    table: sa.Table, wanted: Filter, value: Any, bound: "sa.BindParameter[Any]"
) -> "sa.ColumnElement[bool]":
    if wanted.shapes is not None:
        return wanted.shapes(value)
    if wanted.where is not None:
        return wanted.where(bound)
    column = table.c[wanted.column or wanted.name]
    return column == sa.type_coerce(bound, column.type)


def _sorts(cls: type[Type], name: str, unsortable: Sequence[str]) -> bool:
    is_column = name in cls.__resource__.table.c
    return is_column and name not in unsortable and fields_of(cls)[name].kind.name != "object"
