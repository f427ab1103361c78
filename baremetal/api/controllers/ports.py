"""Ports: list, show, create, change, delete."""

from functools import partial
from typing import Any

import sqlalchemy as sa

from baremetal.api.call import Answer, Call
from baremetal.api.controllers.records import RecordController
from baremetal.api.guard import permit, visible_node
from baremetal.api.listing import Filter, Listing
from baremetal.api.policies.ports import CREATE, UPDATE
from baremetal.api.types import kinds
from baremetal.api.types.port import Port
from baremetal.db.owners import on_node_of_project
from baremetal.db.records import Records
from baremetal.db.tables import nodes, ports
from baremetal.domain import port_rules
from baremetal.domain.errors import InvalidInput, NotFound


def _uuid_of_node(call: Call, ident: str) -> str:
    return visible_node(call, ident)[0]


def _of_shards(names: tuple[str, ...]) -> "sa.ColumnElement[bool]":
    mine = sa.or_(sa.false(), *(nodes.c.shard == name for name in names))
    return ports.c.node_uuid.in_(sa.select(nodes.c.uuid).where(mine))


_NODE_UUID = Filter("node_uuid", kinds.UUID, resolve=_uuid_of_node)
FILTERS = (
    _NODE_UUID,
    Filter("node", kinds.TEXT, since=6, column="node_uuid", resolve=_uuid_of_node),
    Filter("address", kinds.MAC),
    Filter("portgroup", kinds.UUID, since=24, column="portgroup_uuid"),
    Filter("shard", kinds.NAMES, since=82, shapes=_of_shards),
)

_MINE = Filter("mine", kinds.TEXT, where=partial(on_node_of_project, ports.c.node_uuid))
LISTING = Listing(Port, FILTERS, mine=_MINE)


def _records(call: Call) -> Records:
    return Records(call.services.db, ports, "Port", ("address", "name", "uuid"))


def _check(call: Call, values: dict[str, Any], row: dict[str, Any] | None) -> None:
    port_rules.check_values(values)
    node = values.get("node_uuid")
    if node is None:
        return
    try:
        _, owners = visible_node(call, node)
    except NotFound as error:
        raise InvalidInput(error.message) from error
    permit(call, CREATE if row is None else UPDATE, owners)


CONTROLLER = RecordController(Port, LISTING, _records, _check, names=("name",))


def of_node(call: Call) -> Answer:
    """A page of one node's ports."""
    row = call.services.nodes.row(call.args["node"])
    return LISTING.answer(call, only=[(_NODE_UUID, row["uuid"])])


def details_of_node(call: Call) -> Answer:
    """A page of one node's ports with all their fields."""
    row = call.services.nodes.row(call.args["node"])
    return LISTING.answer(call, detail=True, only=[(_NODE_UUID, row["uuid"])])
