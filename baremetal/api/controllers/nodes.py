"""Nodes: list, show, create, change, delete."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import orjson
import sqlalchemy as sa

from baremetal.api.body import read_object
from baremetal.api.call import Answer, Call
from baremetal.api.controllers.node_filters import FILTERS, MINE, OF_CHASSIS, implied
from baremetal.api.controllers.veil import Veil, veil
from baremetal.api.guard import permit
from baremetal.api.listing import MOST_SHAPES, Listing
from baremetal.api.patch import changed, read_patch
from baremetal.api.policies.nodes import of_field
from baremetal.api.query import Parameter
from baremetal.api.render import serialiser
from baremetal.api.types import kinds
from baremetal.api.types.base import columns_for, parse, selected, visible
from baremetal.api.types.node import Node
from baremetal.api.types.operation import holding
from baremetal.db.database import Prepared, shown
from baremetal.db.nodes import holder, retried
from baremetal.db.records import Records
from baremetal.db.tables import chassis, nodes, operations
from baremetal.domain import node_rules, states
from baremetal.domain.catalog import HardwareInfo
from baremetal.domain.errors import InvalidInput, NotFound
from baremetal.domain.node import INTERFACES, is_uuid
from baremetal.domain.properties import check

RESET = Parameter("reset_interfaces", kinds.BOOLEAN, 45, "With a new driver: all its defaults.")
LISTING = Listing(Node, FILTERS, unsortable=("network_data", "traits"), mine=MINE)

_OPERATION_NAMES = (
    "uuid",
    "kind",
    "state",
    "step",
    "owner",
    "percent",
    "message",
    "waiting_for",
    "waiting_since",
    "deadline_at",
)


def list_nodes(call: Call) -> Answer:
    """A page of nodes."""
    return LISTING.answer(call, extra=_computed(call), only=implied(call), veil=veil(call))


def list_details(call: Call) -> Answer:
    """A page of nodes with all their fields."""
    return LISTING.answer(
        call, detail=True, extra=_computed(call), only=implied(call), veil=veil(call)
    )


def list_of_chassis(call: Call) -> Answer:
    """A page of the nodes of one chassis."""
    return _of_chassis(call, detail=False)


def details_of_chassis(call: Call) -> Answer:
    """A page of the nodes of one chassis with all their fields."""
    return _of_chassis(call, detail=True)


def _of_chassis(call: Call, *, detail: bool) -> Answer:
    uuid = Records(call.services.db, chassis, "Chassis", ()).get(call.args["chassis"])["uuid"]
    only = [(OF_CHASSIS, uuid), *implied(call)]
    return LISTING.answer(call, detail=detail, extra=_computed(call), only=only, veil=veil(call))


def show(call: Call) -> Answer:
    """One node; the operation that holds it comes along."""
    ident = call.args["node"]
    if "fields" in call.query:
        names = selected(Node, call.query["fields"], call.version)
    else:
        names = visible(Node, call.version)
    return Answer(document(call, ident, names, with_operation="fields" not in call.query))


def document(
    call: Call, ident: str, names: tuple[str, ...] | None = None, *, with_operation: bool = True
) -> bytes:
    """A node as JSON.

    :raises NotFound: no node has this uuid or name.
    """
    names = names or visible(Node, call.version)
    by_uuid = is_uuid(ident)
    behind = veil(call) if call.services.policy is not None else None
    db, key = call.services.db, ("node", names, by_uuid, behind)
    prepared = db.prepared.get(key)
    if prepared is None:
        if len(db.prepared) >= MOST_SHAPES:
            db.prepared.clear()
        prepared = db.prepared[key] = Prepared(db, _select_one(names, by_uuid, behind))
    called = ident.lower() if by_uuid else ident
    bound = {} if behind is None else behind.bound(call.identity)
    row = prepared.first(ident=called, **bound)
    if row is None:
        raise NotFound("Node", ident)
    body = serialiser(Node, names)(row, call.base, _computed(call))
    if with_operation:
        held = row[-len(_OPERATION_NAMES) :]
        operation = holding(dict(zip(_OPERATION_NAMES, held, strict=True)))
        body = f'{body[:-1]},"operation":{orjson.dumps(operation).decode()}}}'
    return body.encode()


def _select_one(
    names: tuple[str, ...],
    by_uuid: bool,  # noqa: FBT001
    behind: Veil | None,
) -> "sa.Select[Any]":
    table = nodes.outerjoin(operations, operations.c.uuid == nodes.c.operation_uuid)
    column = behind.column if behind is not None else lambda name: shown(nodes.c[name])
    columns = [column(name) for name in columns_for(Node, names)]
    held = [operations.c[name].label(f"operation_{name}") for name in _OPERATION_NAMES]
    mine = nodes.c.uuid if by_uuid else nodes.c.name
    return sa.select(*columns, *held).select_from(table).where(mine == sa.bindparam("ident"))


def _computed(call: Call) -> dict[str, Any]:
    return {"conductor": call.services.members.host_for}


def create(call: Call) -> Answer:
    """Enrol a node."""
    given = read_object(call.raw)
    values = parse(Node, given, call.version, "create")
    values.setdefault("conductor_group", "")
    services = call.services
    hardware = services.members.hardware(values["driver"], values["conductor_group"])
    wanted = {kind: values.get(f"{kind}_interface") for kind in INTERFACES}
    chosen = hardware.chosen(wanted)
    values.update({f"{kind}_interface": name for kind, name in chosen.items()})
    _check_fields(hardware, chosen, values.get("driver_info") or {})
    _check_references(call, values)
    values.setdefault("uuid", services.clock.new_uuid())
    node_rules.check_values(values)
    node_rules.check_update(_BLANK, {k: v for k, v in values.items() if k in _FLAGS})
    # Before 1.11, nodes came to life further on in their state table.
    values["provision_state"] = states.ENROLL if call.version >= 11 else states.AVAILABLE
    services.nodes.create(values, _secret_names(hardware, chosen), services.clock.now())
    location = {"Location": f"{call.base}/v1/nodes/{values['uuid']}"}
    return Answer(document(call, values["uuid"], with_operation=False), 201, location)


_FLAGS = ("retired", "retired_reason")
_BLANK: Mapping[str, Any] = {
    "uuid": None,
    "provision_state": states.ENROLL,
    "maintenance": False,
    "resource_class": None,
    "instance_uuid": None,
    "protected": False,
    "retired": False,
}


def update(call: Call) -> Answer:
    """Apply a JSON PATCH."""
    reset = call.flag("reset_interfaces")
    patch = read_patch(call)
    if call.services.policy is not None:
        for field in sorted({step["path"].split("/")[1] for step in patch}):
            permit(call, of_field(field))
    return Answer(document(call, retried(partial(_update, call, patch, reset=reset))))


def _update(call: Call, patch: list[dict[str, Any]], *, reset: bool) -> str:
    services = call.services
    row = services.nodes.row(call.args["node"])
    values = changed(Node, row, patch, call.version)
    if reset and not any(step["path"] == "/driver" for step in patch):
        raise InvalidInput(
            "The reset_interfaces parameter can only be used when changing the driver."
        )
    if reset:
        values.setdefault("driver", row["driver"])
    values.update(node_rules.follow_ups(row, values))
    node_rules.check_values(values)
    node_rules.check_update(row, values)
    driving = [n for n in values if n in (*node_rules.DRIVING, "driver_info", "conductor_group")]
    if row["operation_uuid"] is not None and driving:
        raise holder(services.db, row)
    declared: tuple[str, ...] = ()
    if driving:
        declared = _redrive(call, row, values, reset=reset)
    elif "instance_info" in values:
        values["instance_info"] = dict(values["instance_info"])
    _check_references(call, values)
    if values:
        services.nodes.update(row, values, declared, services.clock.now())
    return str(row["uuid"])


def _redrive(
    call: Call, row: dict[str, Any], values: dict[str, Any], *, reset: bool
) -> tuple[str, ...]:
    """Judge driver, interfaces and driver_info as a whole; the driver's secret fields."""
    after = {**row, **values}
    hardware = call.services.members.hardware(after["driver"], after["conductor_group"])
    kept = (not reset and "driver" in values) or "driver" not in values
    wanted = {
        kind: values.get(f"{kind}_interface") or (row[f"{kind}_interface"] if kept else None)
        for kind in INTERFACES
    }
    for kind in INTERFACES:
        # Set to null: back to the default.
        if f"{kind}_interface" in values and values[f"{kind}_interface"] is None:
            wanted[kind] = None
    chosen = hardware.chosen(wanted)
    for kind in INTERFACES:
        name = f"{kind}_interface"
        if chosen.get(kind) != row[name]:
            values[name] = chosen.get(kind)
    _check_fields(hardware, chosen, after["driver_info"])
    return _secret_names(hardware, chosen)


def _check_fields(
    hardware: HardwareInfo, chosen: Mapping[str, str], info: Mapping[str, Any]
) -> None:
    fields = hardware.fields(chosen)
    if fields:
        check(fields, info, "driver_info", given_only=True)


def _secret_names(hardware: HardwareInfo, chosen: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(prop.name for prop in hardware.fields(chosen) if prop.secret)


def _check_references(call: Call, values: Mapping[str, Any]) -> None:
    for name, table, kind in (
        ("chassis_uuid", chassis, "Chassis"),
        ("parent_node", nodes, "Node"),
    ):
        if values.get(name) is None:
            continue
        with call.services.db.read() as connection:
            query = sa.select(table.c.id).where(table.c.uuid == values[name])
            if connection.execute(query).first() is None:
                raise InvalidInput(f"{kind} {values[name]} ({name}) could not be found.")


def delete(call: Call) -> Answer:
    """Forget a node."""
    services = call.services
    row = services.nodes.row(call.args["node"])
    if row["operation_uuid"] is not None:
        raise holder(services.db, row)
    node_rules.check_delete(row)
    services.nodes.delete(row, services.clock.now())
    return Answer(status=204)
