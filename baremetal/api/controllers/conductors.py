"""Conductors: who looks after which nodes, and who is alive."""

from typing import Any

from baremetal.api.call import Call
from baremetal.api.types import kinds
from baremetal.domain.errors import InvalidInput, NotFound

_SHORT = ("hostname", "conductor_group", "alive")
_LONG = (*_SHORT, "drivers", "created_at", "updated_at")


def list_conductors(call: Call) -> Any:
    """All conductors."""
    call.only_query("detail", "fields", "limit", "marker", "sort_key", "sort_dir")
    names = _SHORT
    if "detail" in call.query and kinds.boolean(call.query["detail"]):
        if "fields" in call.query:
            raise InvalidInput("Can not specify ?detail=True and fields in the same request.")
        names = _LONG
    names = _names(call, names)
    return {"conductors": [_conductor(call, row, names) for row in call.services.members.rows()]}


def show(call: Call) -> Any:
    """One conductor."""
    call.only_query("fields")
    for row in call.services.members.rows():
        if row["hostname"] == call.arg("hostname"):
            return _conductor(call, row, _names(call, _LONG))
    raise NotFound("Conductor", call.arg("hostname"))


def _names(call: Call, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    if "fields" not in call.query:
        return otherwise
    names = tuple(name.strip() for name in call.query["fields"].split(","))
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
