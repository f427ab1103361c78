"""The allocation: a wish for a node, and the node that fulfils it."""

from collections.abc import Mapping
from typing import ClassVar

from baremetal.api.types import kinds
from baremetal.api.types import links as to
from baremetal.api.types.base import Field, Resource, Type
from baremetal.db.tables import allocations


class Allocation(Type):
    """A wish for a node, and the node that fulfils it."""

    __resource__ = Resource(
        "allocation",
        "allocations",
        allocations,
        (
            "uuid",
            "name",
            "state",
            "node_uuid",
            "resource_class",
            "last_error",
            "owner",
            "traits",
            "candidate_nodes",
            "extra",
            "created_at",
            "updated_at",
            "links",
        ),
    )

    __beside__: ClassVar[Mapping[str, Field]] = {
        "node": Field(
            kinds.TEXT,
            since=58,
            writable="create",
            about="UUID or name of a node that is deployed already, to be allocated as it is.",
        )
    }

    uuid = Field(kinds.UUID, writable="create")
    name = Field(kinds.NAME, writable="always")
    created_at = Field(kinds.MOMENT)
    updated_at = Field(kinds.MOMENT)
    state = Field(kinds.TEXT, about="allocating, active or error.")
    node_uuid = Field(kinds.UUID)
    resource_class = Field(kinds.text(80), writable="create")
    traits = Field(kinds.TEXTS, writable="create", empty=[])
    candidate_nodes = Field(kinds.TEXTS, writable="create", empty=[])
    extra = Field(kinds.OBJECT, writable="always", empty={})
    last_error = Field(kinds.LONG_TEXT)
    owner = Field(kinds.TEXT, since=60, writable="create")
    links = Field(kinds.LINKS, source="uuid", computed=to.own("allocations"))
