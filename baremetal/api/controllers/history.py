"""A node's history: what went wrong with it."""

from typing import Any

import sqlalchemy as sa

from baremetal.api.call import Answer, Call
from baremetal.api.listing import Filter, Listing
from baremetal.api.render import serialiser
from baremetal.api.types import kinds
from baremetal.api.types.base import columns_for, visible
from baremetal.api.types.history import HistoryEvent
from baremetal.db.database import shown
from baremetal.db.tables import history
from baremetal.domain.errors import NotFound

_NODE = Filter("node_uuid", kinds.UUID)
#: Where a list without detail cuts events, characters.
_SHORT = 255

LISTING = Listing(HistoryEvent, detail_flag_since=1)


def of_node(call: Call) -> Answer:
    """A page of a node's failures, oldest first."""
    row = call.services.nodes.row(call.args["node"])
    whole = call.flag("detail") or "fields" in call.query
    computed = {"links": _links(call), "event": _whole if whole else _cut}
    return LISTING.answer(call, extra=computed, only=[(_NODE, row["uuid"])])


def show(call: Call) -> Answer:
    """One failure with all that is known of it."""
    row = call.services.nodes.row(call.args["node"])
    names = visible(HistoryEvent, call.version)
    query = sa.select(*(shown(history.c[name]) for name in columns_for(HistoryEvent, names))).where(
        history.c.node_uuid == row["uuid"], history.c.uuid == call.args["event"].lower()
    )
    with call.services.db.read() as connection:
        found = connection.execute(query).first()
    if found is None:
        raise NotFound("Node history event", call.args["event"])
    computed = {"links": _links(call), "event": _whole}
    return Answer(serialiser(HistoryEvent, names)(found, call.base, computed).encode())


def _links(call: Call) -> Any:
    def links(node: str, event: str) -> list[dict[str, str]]:
        return [{"href": f"{call.base}/v1/nodes/{node}/history/{event}", "rel": "self"}]

    return links


def _whole(event: str) -> str:
    return event


def _cut(event: str) -> str:
    return event if len(event) <= _SHORT else event[: _SHORT - 3] + "..."
