"""What a node is on the command line: its columns, filters and fields, as data."""

from typing import Final

from baremetal.cli.crud import Filter, ResourceKind
from baremetal.cli.fields import Field, Kind
from baremetal.client import Client
from baremetal.client.transport import Resource

INTERFACES: Final = (
    "bios",
    "boot",
    "console",
    "deploy",
    "firmware",
    "inspect",
    "management",
    "network",
    "power",
    "raid",
    "rescue",
    "storage",
    "vendor",
)

_FIELDS: Final = (
    Field("name", "a name for it"),
    Field("driver", "the kind of hardware: `baremetal driver list`", verbs="create set"),
    Field("driver_info", "how to reach its BMC", Kind.PAIRS),
    Field("properties", "what it consists of", Kind.PAIRS, option="property"),
    Field("resource_class", "what it is to those who ask for a machine"),
    Field("instance_info", "what to deploy", Kind.PAIRS),
    Field("instance_uuid", "the instance on it", verbs="set unset"),
    Field("extra", "anything of yours", Kind.PAIRS),
    Field("description", "a note of yours"),
    Field("owner", "whose it is"),
    Field("lessee", "who uses it"),
    Field("conductor_group", "conductors of this group only may own it"),
    Field("chassis_uuid", "the chassis that it sits in", option="chassis"),
    Field("parent_node", "the node that it is a part of: UUID or name"),
    Field("shard", "the shard that it belongs to"),
    Field("automated_clean", "whether to clean it between users", Kind.YES_NO),
    Field("protected", "whether undeploy and rebuild are refused", Kind.YES_NO, verbs="set unset"),
    Field("protected_reason", "why it is protected", verbs="set unset"),
    Field("retired", "whether it is on its way out", Kind.YES_NO, verbs="set unset"),
    Field("retired_reason", "why it is retired", verbs="set unset"),
    Field("uuid", "instead of a random one", verbs="create"),
    *(
        Field(f"{name}_interface", f"the driver's {name} interface, if not the default one")
        for name in INTERFACES
    ),
)

_FILTERS: Final = (
    Filter("provision-state", "nodes in this state, e.g. available"),
    Filter("driver", "nodes with this driver"),
    Filter("resource-class", "nodes of this class"),
    Filter("maintenance", "nodes that are (or are not) in maintenance", yes_no=True),
    Filter("associated", "nodes that have (or have not) an instance", yes_no=True),
    Filter("instance", "the node of this instance", query="instance_uuid"),
    Filter("conductor", "nodes that this conductor owns"),
    Filter("conductor-group", "nodes of this conductor group"),
    Filter("chassis", "nodes in this chassis", query="chassis_uuid"),
    Filter("owner", "nodes of this owner"),
    Filter("lessee", "nodes of this lessee"),
    Filter("retired", "nodes that are (or are not) retired", yes_no=True),
    Filter("fault", "nodes with this fault"),
    Filter("shard", "nodes of this shard"),
    Filter("description-contains", "nodes whose description has this in it"),
)


def _with_parent_uuid(client: Client, resource: Resource) -> Resource:
    if "parent_node" not in resource:
        return resource
    return resource | {"parent_node": client.nodes.uuid_of(resource["parent_node"])}


NODE: Final = ResourceKind(
    noun="node",
    collection=lambda client: client.nodes,
    columns=("name", "uuid", "power_state", "provision_state", "maintenance", "instance_uuid"),
    long=(
        "driver",
        "resource_class",
        "target_provision_state",
        "conductor",
        "owner",
        "maintenance_reason",
        "last_error",
        "provision_updated_at",
    ),
    filters=_FILTERS,
    fields=_FIELDS,
    ident="UUID or name",
    complete=_with_parent_uuid,
)
