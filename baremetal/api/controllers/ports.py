"""Ports: list, show, create, change, delete."""

from typing import Any

import sqlalchemy as sa

from baremetal.api.call import Answer, Call
from baremetal.api.controllers.records import RecordController
from baremetal.api.listing import Filter, Listing
from baremetal.api.types import kinds
from baremetal.api.types.port import Port
from baremetal.db.records import Records
from baremetal.db.tables import nodes, ports
from baremetal.domain import port_rules
from baremetal.domain.errors import InvalidInput


def _uuid_of_node(call: Call, ident: str) -> str:
    return str(call.services.nodes.row(ident)["uuid"])


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

LISTING = Listing(Port, FILTERS)


def _records(call: Call) -> Records:
    return Records(call.services.db, ports, "Port", ("address", "name", "uuid"))


def _check(call: Call, values: dict[str, Any], _row: dict[str, Any] | None) -> None:
    port_rules.check_values(values)
    node = values.get("node_uuid")
    if node is None:
        return
    with call.services.db.read() as connection:
        query = sa.select(nodes.c.id).where(nodes.c.uuid == node)
        if connection.execute(query).first() is None:
            raise InvalidInput(f"Node {node} could not be found.")


CONTROLLER = RecordController(Port, LISTING, _records, _check, names=("name",))


def of_node(call: Call) -> Answer:
    """A page of one node's ports."""
    row = call.services.nodes.row(call.args["node"])
    return LISTING.answer(call, only=[(_NODE_UUID, row["uuid"])])


def details_of_node(call: Call) -> Answer:
    """A page of one node's ports with all their fields."""
    row = call.services.nodes.row(call.args["node"])
    return LISTING.answer(call, detail=True, only=[(_NODE_UUID, row["uuid"])])
