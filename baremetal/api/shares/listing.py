"""Lists of shares: filters, sorting, and pages by offset or marker."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import orjson
import sqlalchemy as sa

from baremetal.api.call import Answer, Call
from baremetal.api.render import serialiser
from baremetal.api.shares.requests import flag_of, number_of, query_of
from baremetal.api.types.base import columns_for
from baremetal.api.types.share import Share
from baremetal.db.database import Prepared, shown
from baremetal.db.share_tables import share_export_locations, share_types, shares
from baremetal.domain.errors import InvalidInput

_C = shares.c
#: Rows that are read, written as JSON and sent together.
_BATCH: Final = 25
_MOST_SHAPES: Final = 512
_ESCAPE: Final = "/"
#: Parameter -> the column that must equal it.
_EQUAL: Final[Mapping[str, str]] = {
    **{name: name for name in ("name", "status", "project_id", "snapshot_id", "host")},
    **{name: name for name in ("description", "share_proto", "availability_zone")},
    "display_name": "name",
    "display_description": "description",
    "share_type_id": "share_type",
    "volume_type_id": "share_type",
    "share_type": "share_type_name",
}
_LIKE: Final = {"name~": "name", "description~": "description"}
_LOCATION: Final = {"export_location_id": "uuid", "export_location_path": "path"}
#: There is none that anybody has.
_NEVER: Final = ("share_network_id", "share_server_id", "share_group_id")
_SORTABLE: Final[Mapping[str, str]] = {
    **{name: name for name in ("size", "status", "name", "project_id", "host", "created_at")},
    **{name: name for name in ("updated_at", "share_proto", "availability_zone", "snapshot_id")},
    "id": "uuid",
    "display_name": "name",
    "share_type_id": "share_type",
    "share_type": "share_type",
}


@dataclass(slots=True)
class _Asked:
    """What a list's statement is made of: its shape, and what is bound."""

    shape: list[tuple[str, str]]
    bound: dict[str, Any]


def page(call: Call, names: tuple[str, ...]) -> Answer:
    """The shares that a request asks for, by these fields.

    :raises InvalidInput: naming the parameter, what is wrong with it.
    """
    query, db = query_of(call), call.services.db
    asked = _asked(call, query)
    most = call.services.max_limit
    limit = min(number_of("limit", query.get("limit", most)), most)
    asked.bound |= {"most": limit, "skip": number_of("offset", query.get("offset", 0))}
    order = (*_order(query), "marker" in query)
    if "marker" in query:
        asked.bound |= {"marker": query["marker"].lower(), "skip": 0}
    key = (Share, names, tuple(asked.shape), order)
    prepared = db.prepared.get(key)
    if prepared is None:
        if len(db.prepared) >= _MOST_SHAPES:
            db.prepared.clear()
        prepared = db.prepared[key] = Prepared(db, _select(names, asked.shape, order))
    make, base, parts = serialiser(Share, names), call.base, []
    begin = '{"shares":['
    for rows in prepared.batches(_BATCH, **asked.bound):
        parts.append((begin + ",".join([make(row, base, None) for row in rows])).encode())
        begin = ","
    end = "]"
    if flag_of("with_count", query.get("with_count", "false")):
        end += f',"count":{_count(call, asked)}'
    parts.append((f"{end}}}" if parts else f"{begin}{end}}}").encode())
    return Answer(parts=parts)


def one(call: Call, uuid: str, names: tuple[str, ...]) -> str | None:
    """One share as JSON; None where there is none."""
    db, key = call.services.db, (Share, names)
    prepared = db.prepared.get(key)
    if prepared is None:
        query = sa.select(*_columns(names)).where(_C.uuid == sa.bindparam("uuid"))
        prepared = db.prepared[key] = Prepared(db, query)
    row = prepared.first(uuid=uuid)
    return None if row is None else serialiser(Share, names)(row, call.base, None)


def _asked(call: Call, query: Mapping[str, str]) -> _Asked:
    asked = _Asked([], {})
    everybody = call.only_of is None and flag_of("all_tenants", query.get("all_tenants", "false"))
    mine = call.only_of or call.identity.project_id
    if mine is not None and not everybody:
        _add(asked, "mine", mine)
        if flag_of("is_public", query.get("is_public", "false")):
            asked.shape[-1] = ("mine or public", "")
    # As the field has it: what nobody knows narrows nothing.
    for name, value in query.items():
        if name in _EQUAL or name in _LIKE or name in _LOCATION:
            _add(asked, name, value)
        elif name in _NEVER:
            asked.shape.append(("never", ""))
        elif name == "metadata" or (name == "extra_specs" and call.only_of is None):
            for number, (key, wanted) in enumerate(_pairs(name, value).items()):
                asked.shape.append((name, str(number)))
                text = f"{orjson.dumps(key).decode()}:{orjson.dumps(wanted).decode()}"
                asked.bound[f"{name}{number}"] = _literally(text)
    return asked


def _literally(text: str) -> str:
    """What LIKE is to find as it stands."""
    for sign in (_ESCAPE, "%", "_"):
        text = text.replace(sign, _ESCAPE + sign)
    return text


def _add(asked: _Asked, name: str, value: Any) -> None:
    asked.shape.append((name, ""))
    bound = name.replace("~", "_like")
    asked.bound[bound] = _literally(value) if name in _LIKE else value


def _pairs(name: str, text: str) -> dict[str, str]:
    """Keys and values as clients write them: JSON, or a Python dictionary."""
    try:
        found = orjson.loads(text.replace("'", '"'))
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"{name} must be an object: {error}") from error
    if not isinstance(found, dict):
        raise InvalidInput(f"{name} must be an object.")
    return {str(key): str(value) for key, value in found.items()}


def _order(query: Mapping[str, str]) -> tuple[str, bool]:
    key, way = query.get("sort_key", "created_at"), query.get("sort_dir", "desc")
    if key not in _SORTABLE:
        raise InvalidInput(f"sort_key must be one of {', '.join(_SORTABLE)}.")
    if way not in ("asc", "desc"):
        raise InvalidInput("sort_dir must be asc or desc.")
    return _SORTABLE[key], way == "desc"


@lru_cache(maxsize=64)
def _columns(names: tuple[str, ...]) -> "list[sa.ColumnElement[Any]]":
    return [shown(_C[name]) for name in columns_for(Share, names)]


def _select(
    names: tuple[str, ...], shape: list[tuple[str, str]], order: tuple[str, bool, bool]
) -> "sa.Select[Any]":
    key, down, behind = order
    # Databases order what is null each in their own way.
    column: Any = _C.id if key == "created_at" else sa.func.coalesce(_C[key], _least(_C[key]))
    by = [column.desc(), _C.id.desc()] if down else [column, _C.id]
    query = sa.select(*_columns(names)).where(*_conditions(shape))
    if behind:
        at = _C.uuid == sa.bindparam("marker")
        there = sa.tuple_(*(_marked(one, at) for one in (column, _C.id)))
        here = sa.tuple_(column, _C.id)
        query = query.where(here < there if down else here > there)
    return query.order_by(*by).limit(sa.bindparam("most")).offset(sa.bindparam("skip"))


def _marked(column: Any, at: "sa.ColumnElement[bool]") -> Any:
    """A value of the row that a page begins after."""
    return sa.select(column).where(at).correlate(None).scalar_subquery()


def _least(column: "sa.Column[Any]") -> Any:
    return -1 if isinstance(column.type, sa.Integer) else ""


def _conditions(shape: list[tuple[str, str]]) -> "list[sa.ColumnElement[bool]]":
    found: list[sa.ColumnElement[bool]] = []
    for name, number in shape:
        if name == "mine":
            found.append(_C.project_id == sa.bindparam("mine"))
        elif name == "mine or public":
            found.append(sa.or_(_C.project_id == sa.bindparam("mine"), _C.is_public))
        elif name == "never":
            found.append(sa.false())
        elif name in _LIKE:
            bound = sa.bindparam(name.replace("~", "_like"), type_=sa.Text)
            found.append(_C[_LIKE[name]].contains(bound, escape=_ESCAPE))
        elif name in _LOCATION:
            at = share_export_locations.c
            of = sa.select(at.share_uuid).where(at[_LOCATION[name]] == sa.bindparam(name))
            found.append(_C.uuid.in_(of))
        elif name == "metadata":
            found.append(_holds(_C.metadata, f"{name}{number}"))
        elif name == "extra_specs":
            holds = _holds(share_types.c.extra_specs, f"{name}{number}")
            found.append(_C.share_type.in_(sa.select(share_types.c.uuid).where(holds)))
        elif name in _EQUAL:
            found.append(_C[_EQUAL[name]] == sa.bindparam(name))
    return found


def _holds(column: "sa.Column[Any]", bound: str) -> "sa.ColumnElement[bool]":
    """Whether a JSON object has a member that reads so."""
    text = sa.type_coerce(column, sa.Text)
    return text.contains(sa.bindparam(bound, type_=sa.Text), escape=_ESCAPE)


def _count(call: Call, asked: _Asked) -> int:
    query = sa.select(sa.func.count()).select_from(shares).where(*_conditions(asked.shape))
    bound = {name: value for name, value in asked.bound.items() if name not in ("most", "skip")}
    with call.services.db.read() as connection:
        return connection.execute(query, bound).scalar() or 0
