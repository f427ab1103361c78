"""Conductors: who looks after which nodes, and who is alive."""

from operator import itemgetter
from typing import Any
from urllib.parse import urlencode

from baremetal.api.call import Call
from baremetal.api.query import FIELDS, LIMIT, SORT_DIR, Parameter
from baremetal.api.types import kinds
from baremetal.domain.errors import InvalidInput, NotFound, NotSupported, Unavailable

_SHORT = ("hostname", "conductor_group", "alive")
_LONG = (*_SHORT, "drivers", "created_at", "updated_at")
PARAMETERS = (
    LIMIT,
    Parameter("marker", kinds.TEXT, about="The last host name of the page before."),
    Parameter("sort_key", kinds.one_of("id", "hostname", "conductor_group", "created_at")),
    SORT_DIR,
    FIELDS,
    Parameter("detail", kinds.BOOLEAN, about="Show all fields."),
)


def list_conductors(call: Call) -> Any:
    """A page of conductors."""
    names: tuple[str, ...] = _SHORT
    if call.flag("detail"):
        if "fields" in call.query:
            raise InvalidInput("Can not specify ?detail=True and fields in the same request.")
        names = _LONG
    names = _names(call, names)
    found = _after_marker(call, _sorted(call))
    limit = int(call.query.get("limit", 0)) or len(found)
    body: dict[str, Any] = {"conductors": [_conductor(call, row, names) for row in found[:limit]]}
    if len(found) > limit:
        query = {**call.query, "marker": found[limit - 1]["hostname"]}
        body["next"] = f"{call.base}/v1/conductors?{urlencode(query)}"
    return body


def _sorted(call: Call) -> list[dict[str, Any]]:
    key = call.query.get("sort_key", "id")
    down = call.query.get("sort_dir") == "desc"
    return sorted(call.services.members.rows(), key=itemgetter(key, "id"), reverse=down)


def _after_marker(call: Call, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    marker = call.query.get("marker")
    for place, row in enumerate(rows):
        if row["hostname"] == marker:
            return rows[place + 1 :]
    if marker is not None:
        raise InvalidInput(f"The marker {marker} is no conductor. Start again without a marker.")
    return rows


def show(call: Call) -> Any:
    """One conductor."""
    for row in call.services.members.rows():
        if row["hostname"] == call.args["hostname"]:
            body = _conductor(call, row, _names(call, _LONG))
            return body if "fields" in call.query else {**body, "load": _load(call, row)}
    raise NotFound("Conductor", call.args["hostname"])


def _load(call: Call, row: dict[str, Any]) -> Any:
    """What the conductor itself says of its load; None where it does not say."""
    try:
        return call.services.conductor.load(row["hostname"]) if row["alive"] else None
    except (NotSupported, Unavailable):
        return None


def _names(call: Call, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    if "fields" not in call.query:
        return otherwise
    names = kinds.NAMES.check(call.query["fields"])
    unknown = [name for name in names if name not in (*_LONG, "links")]
    if unknown:
        raise InvalidInput(f'Field(s) "{", ".join(unknown)}" are not valid')
    return tuple(name for name in names if name != "links")


def _conductor(call: Call, row: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    path = f"conductors/{row['hostname']}"
    body = {name: list(row[name]) if name == "drivers" else row[name] for name in names}
    body["links"] = [
        {"href": f"{call.base}/v1/{path}", "rel": "self"},
        {"href": f"{call.base}/{path}", "rel": "bookmark"},
    ]
    return body
