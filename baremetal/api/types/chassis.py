"""The chassis: a group of nodes that share an enclosure."""

from baremetal.api.types import kinds
from baremetal.api.types import links as to
from baremetal.api.types.base import Field, Resource, Type
from baremetal.db.tables import chassis


class Chassis(Type):
    """A group of nodes that share an enclosure."""

    __resource__ = Resource("chassis", "chassis", chassis, ("uuid", "description", "links"))

    uuid = Field(kinds.UUID, writable="create")
    created_at = Field(kinds.MOMENT)
    updated_at = Field(kinds.MOMENT)
    description = Field(kinds.text(255), writable="always")
    extra = Field(kinds.OBJECT, writable="always", empty={})
    links = Field(kinds.LINKS, source="uuid", computed=to.own("chassis"))
    nodes = Field(kinds.LINKS, source="uuid", computed=to.below("chassis", "nodes"))
