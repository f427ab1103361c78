"""What narrows lists of nodes."""

import re
from typing import Any

import sqlalchemy as sa

from baremetal.api.call import Call
from baremetal.api.listing import Filter
from baremetal.api.types import kinds
from baremetal.db.nodes import Share, of_shares
from baremetal.db.owners import of_project
from baremetal.db.tables import nodes
from baremetal.domain import states

#: What the API says of a node in trouble; only the first is ours.
FAULTS = ("power failure", "clean failure", "rescue abort failure", "service failure")


def _state(text: Any) -> str:
    if text not in states.ALL:
        raise ValueError(f'Provision state "{text}" is not valid')
    return str(text)


def _pattern(text: Any) -> str:
    """What LIKE finds a text by that contains this one; its signs mean nothing."""
    return "%" + re.sub(r"([\\%_])", r"\\\1", kinds.TEXT.validate(text)) + "%"


def _looked_after(call: Call, hostname: str) -> tuple[Share, ...]:
    """The nodes that a conductor looks after."""
    return call.services.members.shares(hostname)


def _one_of_shards(names: tuple[str, ...]) -> "sa.ColumnElement[bool]":
    return sa.or_(sa.false(), *(nodes.c.shard == name for name in names))


FILTERS = (
    Filter("instance_uuid", kinds.UUID),
    Filter("chassis_uuid", kinds.UUID),
    Filter(
        "associated",
        kinds.BOOLEAN,
        shapes=lambda yes: (
            nodes.c.instance_uuid.is_not(None) if yes else nodes.c.instance_uuid.is_(None)
        ),
    ),
    Filter(
        "maintenance",
        kinds.BOOLEAN,
        shapes=lambda yes: nodes.c.maintenance.is_(sa.true() if yes else sa.false()),
    ),
    Filter(
        "retired",
        kinds.BOOLEAN,
        since=61,
        shapes=lambda yes: nodes.c.retired.is_(sa.true() if yes else sa.false()),
    ),
    Filter(
        "provision_state",
        kinds.Kind("state", _state, {"enum": sorted(states.ALL)}),
        since=9,
    ),
    Filter("driver", kinds.TEXT, since=16),
    Filter("resource_class", kinds.TEXT, since=21),
    Filter("fault", kinds.one_of(*FAULTS), since=42),
    Filter("conductor_group", kinds.TEXT, since=46),
    Filter("conductor", kinds.TEXT, since=49, resolve=_looked_after, shapes=of_shares),
    Filter("owner", kinds.TEXT, since=50),
    Filter("project", kinds.TEXT, since=65, where=of_project),
    Filter(
        "description_contains",
        kinds.Kind("part of a text", _pattern, kinds.TEXT.schema),
        since=51,
        where=lambda pattern: nodes.c.description.ilike(pattern, escape="\\"),
    ),
    Filter("lessee", kinds.TEXT, since=65),
    Filter(
        "sharded",
        kinds.BOOLEAN,
        since=82,
        shapes=lambda yes: nodes.c.shard.is_not(None) if yes else nodes.c.shard.is_(None),
    ),
    Filter("shard", kinds.NAMES, since=82, shapes=_one_of_shards),
    Filter("parent_node", kinds.UUID, since=83),
    Filter(
        "include_children",
        kinds.BOOLEAN,
        since=83,
        about="Nodes that are part of another node come along.",
        shapes=lambda yes: sa.true() if yes else nodes.c.parent_node.is_(None),
    ),
)
_NO_CHILDREN = (next(f for f in FILTERS if f.name == "include_children"), False)
MINE = Filter("mine", kinds.TEXT, where=of_project)
OF_CHASSIS = next(f for f in FILTERS if f.name == "chassis_uuid")


def implied(call: Call) -> list[tuple[Filter, Any]]:
    """What a query does not say: nodes that are part of another node are left out."""
    asked = "parent_node" in call.query or "include_children" in call.query
    return [] if asked else [_NO_CHILDREN]
