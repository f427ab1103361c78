"""What no driver of this release has: empty lists for those who look, refusals for the rest."""

from typing import Any

from baremetal.api.call import Answer, Call
from baremetal.api.query import FIELDS, LIMIT, MARKER, SORT_DIR, Parameter
from baremetal.api.types import kinds
from baremetal.domain.errors import NotFound, NotSupported

#: What the queries of lists may say that are always empty.
LISTS = (LIMIT, MARKER, SORT_DIR, FIELDS, Parameter("detail", kinds.BOOLEAN))


def nothing(name: str) -> Any:
    """A controller for a list that is always empty."""

    def empty(call: Call) -> Any:
        """An empty list: no driver of this release has any."""
        call.services.nodes.row(call.args["node"])
        return {name: []}

    return empty


def no_methods(call: Call) -> Any:
    """The methods of a node's vendor interface: none."""
    call.services.nodes.row(call.args["node"])
    return {}


def no_driver_methods(call: Call) -> Any:
    """A driver's own methods, or its RAID properties: none."""
    if call.args["driver"] not in call.services.members.hardware_types():
        raise NotFound("Driver", call.args["driver"])
    return {}


def unsupported(what: str) -> Any:
    """A controller for an ability that no driver has."""

    def refuse(call: Call) -> Answer:
        """Refused: no driver of this release can do this."""
        row = call.services.nodes.row(call.args["node"])
        raise NotSupported(f"Driver {row['driver']} of node {row['uuid']} does not support {what}.")

    return refuse


def volume(call: Call) -> Any:
    """Where a node's volume connectors and targets are listed."""
    path = f"nodes/{call.services.nodes.row(call.args['node'])['uuid']}/volume"
    return {
        name: [
            {"href": f"{call.base}/v1/{path}/{part}", "rel": "self"},
            {"href": f"{call.base}/{path}/{part}", "rel": "bookmark"},
        ]
        for name, part in (("links", ""), ("connectors", "connectors"), ("targets", "targets"))
    }
