"""`baremetal port ...`: network cards of machines."""

import argparse

from baremetal.cli.crud import (
    CreateCommand,
    DeleteCommand,
    Filter,
    ListCommand,
    ResourceKind,
    SetCommand,
    ShowCommand,
    UnsetCommand,
)
from baremetal.cli.fields import Field, Kind
from baremetal.client import Client
from baremetal.client.transport import Resource


def _with_node_uuid(client: Client, resource: Resource) -> Resource:
    """People name the node; the API wants its UUID."""
    if "node_uuid" not in resource:
        return resource
    return resource | {"node_uuid": client.nodes.uuid_of(resource["node_uuid"])}


PORT = ResourceKind(
    noun="port",
    collection=lambda client: client.ports,
    columns=("uuid", "address", "node_uuid"),
    long=("name", "pxe_enabled", "physical_network", "local_link_connection", "extra"),
    filters=(
        Filter("node", "ports of this node: UUID or name"),
        Filter("address", "the port with this MAC address"),
    ),
    fields=(
        Field("address", "MAC address", verbs="set"),
        Field("node_uuid", "the node: UUID or name", option="node", verbs="create set"),
        Field("name", "a name for it"),
        Field("pxe_enabled", "whether to boot from it", Kind.YES_NO, option="pxe"),
        Field("physical_network", "the network that it is plugged into"),
        Field(
            "local_link_connection",
            "where it is plugged in: switch_id, port_id, switch_info",
            Kind.PAIRS,
            option="local-link",
        ),
        Field("is_smartnic", "whether it is a smart NIC", Kind.YES_NO, option="smartnic"),
        Field("extra", "anything of yours", Kind.PAIRS),
        Field("uuid", "instead of a random one", verbs="create"),
    ),
    complete=_with_node_uuid,
)


class ListPorts(ListCommand):
    """List ports."""

    kind = PORT


class ShowPort(ShowCommand):
    """Show a port."""

    kind = PORT


class CreatePort(CreateCommand):
    """Create a port: a network card of a node."""

    kind = PORT

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("field_address", metavar="MAC", help="its address")
        return parser


class SetPort(SetCommand):
    """Write fields of ports."""

    kind = PORT


class UnsetPort(UnsetCommand):
    """Empty fields of ports."""

    kind = PORT


class DeletePort(DeleteCommand):
    """Delete ports."""

    kind = PORT
