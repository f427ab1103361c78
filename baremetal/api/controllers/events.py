"""What has happened lately, as a list; `stream.py` tells it as it happens."""

from typing import Any

from baremetal.api.call import Call
from baremetal.api.controllers.veil import veil, veiled_events
from baremetal.api.guard import visible_node
from baremetal.api.query import Parameter
from baremetal.api.types import kinds

_USUAL = 100

PARAMETERS = (
    Parameter("limit", kinds.COUNT, about=f"Most events to show; {_USUAL} unless given."),
    Parameter("node", kinds.TEXT, about="Events of this node alone."),
)


def list_events(call: Call) -> dict[str, Any]:
    """The newest events, newest first, as far back as the log can be searched quickly."""
    node = call.query.get("node")
    uuid = None if node is None else visible_node(call, node)[0]
    limit = int(call.query.get("limit", 0)) or _USUAL
    found = call.services.events.newest(min(limit, call.services.max_limit), uuid, call.only_of)
    rows = veiled_events(call.services.db, veil(call), call.identity.project_id, found)
    return {"events": [{"id": row["id"], "type": row["type"], "data": row["data"]} for row in rows]}
