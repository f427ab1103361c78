"""The port: one network interface of a node."""

from baremetal.api.types import kinds
from baremetal.api.types import links as to
from baremetal.api.types.base import Field, Resource, Type
from baremetal.db.tables import ports


class Port(Type):
    """One network interface of a node, known by its MAC address."""

    __resource__ = Resource("port", "ports", ports, ("uuid", "address", "links"))

    uuid = Field(kinds.UUID, writable="create")
    address = Field(kinds.MAC, writable="always", mandatory=True, about="Its MAC address.")
    node_uuid = Field(kinds.UUID, writable="always", mandatory=True)
    created_at = Field(kinds.MOMENT)
    updated_at = Field(kinds.MOMENT)
    extra = Field(kinds.OBJECT, writable="always", empty={})
    internal_info = Field(kinds.OBJECT, since=18)
    local_link_connection = Field(kinds.OBJECT, since=19, writable="always", empty={})
    pxe_enabled = Field(kinds.BOOLEAN, since=19, writable="always", empty=True)
    portgroup_uuid = Field(kinds.UUID, since=24)
    physical_network = Field(kinds.text(64), since=34, writable="always")
    is_smartnic = Field(kinds.BOOLEAN, since=53, writable="always", empty=False)
    name = Field(kinds.NAME, since=88, writable="always")
    links = Field(kinds.LINKS, source="uuid", computed=to.own("ports"))
