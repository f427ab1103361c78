"""Lists: filters, fields, sorting and pages that cost the same at any depth."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson
import sqlalchemy as sa

from baremetal.api.call import Answer, Call
from baremetal.api.render import serialiser
from baremetal.api.types.base import Resource, Type, columns_for, fields_of, selected, visible
from baremetal.api.types.kinds import Kind, boolean
from baremetal.db.query import Prepared, shown
from baremetal.domain.errors import InvalidInput
from baremetal.domain.node import is_uuid

#: Query parameters that every list has.
_COMMON = ("limit", "marker", "sort_key", "sort_dir", "fields", "detail")
_FIELDS_SINCE = 8
_DETAIL_SINCE = 43


@dataclass(frozen=True, slots=True)
class Filter:
    """A query parameter that narrows a list.

    `kind` checks the value. `where` makes the condition out of a bound parameter;
    without it the column of that name must equal the value. With `shapes` the
    condition depends on the (boolean) value itself and binds nothing.
    """

    name: str
    kind: Kind
    since: int = 1
    column: str | None = None
    where: Callable[[Any], "sa.ColumnElement[bool]"] | None = None
    shapes: Callable[[bool], "sa.ColumnElement[bool]"] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """What a list request asks for, checked."""

    names: tuple[str, ...]
    limit: int
    marker: str | None
    sort_key: str
    descending: bool
    filters: tuple[tuple[Filter, Any], ...]

    @property
    def shape(self) -> tuple[Any, ...]:
        """What the SQL depends on; the rest is bound."""
        wheres = tuple((f.name, v if f.shapes else None) for f, v in self.filters)
        return (self.names, self.sort_key, self.descending, self.marker is not None, wheres)


class Listing:
    """The lists of one resource. Statements are compiled once per shape of request."""

    def __init__(
        self,
        cls: type[Type],
        filters: Sequence[Filter] = (),
        *,
        detail_flag_since: int = _DETAIL_SINCE,
        unsortable: Sequence[str] = (),
    ) -> None:
        """Serve lists of `cls`, narrowed by `filters`."""
        self._cls = cls
        self._resource: Resource = cls.__resource__
        self._filters = {f.name: f for f in filters}
        self._detail_since = detail_flag_since
        self._unsortable = frozenset(unsortable)
        self._prepared: dict[tuple[Any, ...], Prepared] = {}

    def answer(
        self,
        call: Call,
        *,
        detail: bool = False,
        extra: Mapping[str, Callable[..., Any]] | None = None,
        path: str | None = None,
        only: Sequence[tuple[Filter, Any]] = (),
    ) -> Answer:
        """The page that a request asks for. `only` are filters of the path itself.

        :raises InvalidInput: naming the query parameter and what is wrong with it.
        """
        page = self._page(call, detail=detail, only=only)
        rows = self._rows(call, page)
        make = serialiser(self._cls, page.names)
        base, extra = call.base, extra or {}
        shown_rows = [make(row, base, extra) for row in rows[: page.limit]]
        body: dict[str, Any] = {self._resource.plural: shown_rows}
        if len(rows) > page.limit:
            position = columns_for(self._cls, page.names).index("uuid")
            last = rows[page.limit - 1][position]
            body["next"] = self._next(call, path or call.path, page, last)
        return Answer(orjson.dumps(body))

    def _page(self, call: Call, *, detail: bool, only: Sequence[tuple[Filter, Any]]) -> Page:
        query = call.query
        known = (*_COMMON, *self._filters)
        call.only_query(*known)
        names = self._names(call, detail=detail)
        sort_key = query.get("sort_key", "id")
        self._check_sort_key(sort_key)
        direction = query.get("sort_dir", "asc")
        if direction not in ("asc", "desc"):
            raise InvalidInput(
                f"Invalid sort direction: {direction}. Acceptable values are 'asc' or 'desc'"
            )
        marker = query.get("marker")
        if marker is not None and not is_uuid(marker):
            raise InvalidInput(f"Expected UUID for marker: {marker}")
        return Page(
            names,
            _limit(query.get("limit"), call.services.max_limit),
            marker,
            sort_key,
            direction == "desc",
            (*only, *self._given_filters(call)),
        )

    def _names(self, call: Call, *, detail: bool) -> tuple[str, ...]:
        query = call.query
        wants_detail = detail
        if "detail" in query:
            call.need(self._detail_since, "Query parameter detail")
            wants_detail = detail or _value("detail", boolean, query["detail"])
        if "fields" in query:
            call.need(_FIELDS_SINCE, "Query parameter fields")
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

    def _check_sort_key(self, key: str) -> None:
        column = self._resource.table.c.get(key)
        field = fields_of(self._cls).get(key)
        if key == "id":
            return
        if (
            column is None
            or field is None
            or key in self._unsortable
            or field.kind.name == "object"
        ):
            raise InvalidInput(f'The sort_key value "{key}" is an invalid field for sorting')

    def _given_filters(self, call: Call) -> list[tuple[Filter, Any]]:
        found = []
        for name, text in call.query.items():
            wanted = self._filters.get(name)
            if wanted is not None:
                call.need(wanted.since, f"Query parameter {name}")
                found.append((wanted, _value(name, wanted.kind.validate, text)))
        return found

    # -- SQL -----------------------------------------------------------------

    def _rows(self, call: Call, page: Page) -> list[tuple[Any, ...]]:
        parameters: dict[str, Any] = {"most": page.limit + 1}
        for number, (wanted, value) in enumerate(page.filters):
            if not wanted.shapes:
                parameters[f"f{number}"] = value
        prepared = self._prepared.get(page.shape)
        if prepared is None:
            prepared = Prepared(call.services.db, self._select(page))
            self._prepared[page.shape] = prepared
        if page.marker is not None:
            parameters.update(self._after(call, page))
        return prepared.all(**parameters)

    def _select(self, page: Page) -> "sa.Select[Any]":
        table = self._resource.table
        key = _comparable(table.c[page.sort_key])
        names = columns_for(self._cls, (*page.names, "uuid"))
        query = sa.select(*(shown(table.c[name]) for name in names))
        for number, (wanted, value) in enumerate(page.filters):
            query = query.where(_condition(table, wanted, value, sa.bindparam(f"f{number}")))
        order = [key.desc(), table.c.id.desc()] if page.descending else [key, table.c.id]
        if page.marker is not None:
            here = sa.tuple_(key, table.c.id)
            there = sa.tuple_(sa.bindparam("key"), sa.bindparam("id"))
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


def _limit(text: str | None, most: int) -> int:
    if text is None:
        return most
    try:
        number = int(text)
    except ValueError:
        raise InvalidInput(f"Expected an integer for limit: {text}") from None
    if number < 0:
        raise InvalidInput("Limit must be positive")
    return min(number, most) or most


def _value(name: str, check: Callable[[Any], Any], text: str) -> Any:
    try:
        return check(text)
    except ValueError as error:
        raise InvalidInput(f"Invalid value for query parameter '{name}': {error}") from error
