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
from baremetal.domain.errors import InvalidInput
from baremetal.domain.node import is_uuid

_NODE_UUID = Filter("node_uuid", kinds.UUID)
_NODE = Filter(
    "node",
    kinds.TEXT,
    since=6,
    where=lambda text: ports.c.node_uuid.in_(
        sa.select(nodes.c.uuid).where(sa.or_(nodes.c.uuid == text, nodes.c.name == text))
    ),
)
FILTERS = (
    _NODE_UUID,
    _NODE,
    Filter("address", kinds.MAC),
    Filter("portgroup", kinds.UUID, since=24, column="portgroup_uuid"),
)

LISTING = Listing(Port, FILTERS)


def _records(call: Call) -> Records:
    return Records(call.services.db, ports, "Port", ("address", "name", "uuid"))


def _check(call: Call, values: dict[str, Any], _row: dict[str, Any] | None) -> None:
    node = values.get("node_uuid")
    if node is None:
        return
    with call.services.db.read() as connection:
        query = sa.select(nodes.c.id).where(nodes.c.uuid == node)
        if connection.execute(query).first() is None:
            raise InvalidInput(f"Node {node} could not be found.")


CONTROLLER = RecordController(Port, LISTING, _records, _check)


def of_node(call: Call) -> Answer:
    """A page of one node's ports."""
    row = call.services.nodes.row(call.args["node"])
    return LISTING.answer(call, only=[(_NODE_UUID, row["uuid"])])


def details_of_node(call: Call) -> Answer:
    """A page of one node's ports with all their fields."""
    row = call.services.nodes.row(call.args["node"])
    return LISTING.answer(call, detail=True, only=[(_NODE_UUID, row["uuid"])])


def show(call: Call) -> Answer:
    """One port, by its uuid."""
    if not is_uuid(call.args["ident"]):
        raise InvalidInput(f"Expected a UUID but received {call.args['ident']}.")
    return CONTROLLER.show(call)
