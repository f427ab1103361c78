"""Drivers: the hardware types that conductors have."""

from typing import Any

from baremetal.api.call import Call
from baremetal.api.query import Parameter
from baremetal.api.types import kinds
from baremetal.domain.catalog import HardwareInfo
from baremetal.domain.errors import InvalidInput, NotFound
from baremetal.domain.node import INTERFACES

#: Interfaces that came later than dynamic drivers (1.30): {kind: since}
_INTERFACES_SINCE = {"storage": 33, "rescue": 38, "bios": 40, "firmware": 86}
_DYNAMIC_SINCE = 30

FIELDS = Parameter("fields", kinds.NAMES, 77, "The fields to show, separated by commas.")
PARAMETERS = (
    Parameter("type", kinds.one_of("classic", "dynamic"), _DYNAMIC_SINCE),
    Parameter("detail", kinds.BOOLEAN, _DYNAMIC_SINCE, "Show the interfaces too."),
    FIELDS,
)


def list_drivers(call: Call) -> Any:
    """All hardware types, and the conductors that have them."""
    if call.query.get("type") == "classic":
        return {"drivers": []}
    found = call.services.members.hardware_types()
    drivers = [_driver(call, info, detail=call.flag("detail")) for info in found.values()]
    return {"drivers": [_picked(call, driver) for driver in drivers]}


def show(call: Call) -> Any:
    """One hardware type with its interfaces."""
    return _picked(call, _driver(call, _info(call), detail=True))


def properties(call: Call) -> Any:
    """The fields of driver_info that it reads, each with a line for people."""
    return {prop.name: prop.text for prop in _info(call).all_fields()}


def _info(call: Call) -> HardwareInfo:
    name = call.args["driver"]
    info = call.services.members.hardware_types().get(name)
    if info is None:
        raise NotFound("Driver", name)
    return info


def _driver(call: Call, info: HardwareInfo, *, detail: bool) -> dict[str, Any]:
    path = f"drivers/{info.name}"
    hosts = [
        row["hostname"]
        for row in call.services.members.rows()
        if row["alive"] and info.name in row["drivers"]  # type: ignore[operator]
    ]
    body: dict[str, Any] = {
        "name": info.name,
        "hosts": hosts,
        "links": _links(call, path),
    }
    if call.version >= 14:
        body["properties"] = _links(call, f"{path}/properties")
    if call.version >= _DYNAMIC_SINCE:
        body["type"] = "dynamic"
        if detail:
            for kind in INTERFACES:
                if call.version >= _INTERFACES_SINCE.get(kind, _DYNAMIC_SINCE):
                    names = info.interfaces.get(kind, ())
                    body[f"default_{kind}_interface"] = names[0] if names else None
                    body[f"enabled_{kind}_interfaces"] = list(names)
    return body


def _picked(call: Call, driver: dict[str, Any]) -> dict[str, Any]:
    if "fields" not in call.query:
        return driver
    names = kinds.NAMES.check(call.query["fields"])
    unknown = [name for name in names if name not in driver]
    if unknown:
        raise InvalidInput(f'Field(s) "{", ".join(unknown)}" are not valid')
    return {name: driver[name] for name in (*names, "links")}


def _links(call: Call, path: str) -> list[dict[str, str]]:
    return [
        {"href": f"{call.base}/v1/{path}", "rel": "self"},
        {"href": f"{call.base}/{path}", "rel": "bookmark"},
    ]
