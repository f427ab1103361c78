"""The node, as the Bare Metal API v1 shows it."""

from baremetal.api.types import kinds
from baremetal.api.types import links as to
from baremetal.api.types.base import Field, Resource, Type
from baremetal.db.tables import nodes

#: Dynamic interfaces came with 1.31 but for those which have versions of their own.
_INTERFACES_SINCE = 31


def _interface(since: int = _INTERFACES_SINCE) -> Field:
    return Field(kinds.TEXT, since=since, writable="always", about="A driver's implementation.")


class Node(Type):
    """One machine."""

    __resource__ = Resource(
        "node",
        "nodes",
        nodes,
        ("uuid", "name", "instance_uuid", "maintenance", "power_state", "provision_state", "links"),
    )

    uuid = Field(kinds.UUID, writable="create", about="Its identity; made up if not given.")
    name = Field(kinds.NAME, since=5, writable="always", about="A unique name for people.")
    created_at = Field(kinds.MOMENT)
    updated_at = Field(kinds.MOMENT)
    driver = Field(
        kinds.TEXT,
        writable="always",
        mandatory=True,
        about="Its hardware type, never guessed.",
    )
    driver_info = Field(
        kinds.OBJECT,
        writable="always",
        empty={},
        about="What the driver needs; secrets read as six stars.",
    )
    driver_internal_info = Field(kinds.OBJECT, since=3)
    properties = Field(
        kinds.OBJECT, writable="always", empty={}, about="What to expose to a scheduler."
    )
    extra = Field(kinds.OBJECT, writable="always", empty={}, about="Anything.")
    instance_info = Field(
        kinds.OBJECT, writable="always", empty={}, about="What a deploy needs; secrets masked."
    )
    instance_uuid = Field(kinds.UUID, writable="always")
    chassis_uuid = Field(kinds.UUID, writable="always")
    provision_state = Field(kinds.TEXT)
    target_provision_state = Field(kinds.TEXT)
    provision_updated_at = Field(kinds.MOMENT)
    power_state = Field(kinds.TEXT)
    target_power_state = Field(kinds.TEXT)
    last_error = Field(kinds.LONG_TEXT)
    maintenance = Field(kinds.BOOLEAN, writable="always", empty=False)
    maintenance_reason = Field(kinds.LONG_TEXT)
    reservation = Field(kinds.TEXT, about="The conductor that works on it at this moment.")
    console_enabled = Field(kinds.BOOLEAN)
    inspection_started_at = Field(kinds.MOMENT, since=6)
    inspection_finished_at = Field(kinds.MOMENT, since=6)
    clean_step = Field(kinds.OBJECT, since=7)
    raid_config = Field(kinds.OBJECT, since=12)
    target_raid_config = Field(kinds.OBJECT, since=12)
    network_interface = _interface(20)
    resource_class = Field(kinds.text(80), since=21, writable="always")
    boot_interface = _interface()
    console_interface = _interface()
    deploy_interface = _interface()
    inspect_interface = _interface()
    management_interface = _interface()
    power_interface = _interface()
    raid_interface = _interface()
    vendor_interface = _interface()
    storage_interface = _interface(33)
    traits = Field(kinds.TEXTS, since=37)
    rescue_interface = _interface(38)
    bios_interface = _interface(40)
    fault = Field(kinds.TEXT, since=42)
    deploy_step = Field(kinds.OBJECT, since=44)
    conductor_group = Field(kinds.TEXT, since=46, writable="always", empty="")
    automated_clean = Field(kinds.BOOLEAN, since=47, writable="always")
    protected = Field(kinds.BOOLEAN, since=48, writable="patch", empty=False)
    protected_reason = Field(kinds.LONG_TEXT, since=48, writable="patch")
    owner = Field(kinds.TEXT, since=50, writable="always")
    description = Field(kinds.text(4096), since=51, writable="always")
    allocation_uuid = Field(kinds.UUID, since=52)
    retired = Field(kinds.BOOLEAN, since=61, writable="always", empty=False)
    retired_reason = Field(kinds.LONG_TEXT, since=61, writable="always")
    lessee = Field(kinds.TEXT, since=65, writable="always")
    network_data = Field(kinds.OBJECT, since=66, writable="always", empty={})
    boot_mode = Field(kinds.TEXT, since=75)
    secure_boot = Field(kinds.BOOLEAN, since=75)
    shard = Field(kinds.TEXT, since=82, writable="always")
    parent_node = Field(kinds.UUID, since=83, writable="always")
    firmware_interface = _interface(86)
    service_step = Field(kinds.OBJECT, since=87)
    conductor = Field(
        kinds.COMPUTED,
        since=49,
        needs=("driver", "conductor_group", "slot"),
        about="The conductor that looks after it.",
    )
    links = Field(kinds.LINKS, source="uuid", computed=to.own("nodes"))
    ports = Field(kinds.LINKS, source="uuid", computed=to.below("nodes", "ports"))
    states = Field(kinds.LINKS, since=14, source="uuid", computed=to.below("nodes", "states"))
    portgroups = Field(
        kinds.LINKS, since=24, source="uuid", computed=to.below("nodes", "portgroups")
    )
    volume = Field(kinds.LINKS, since=32, source="uuid", computed=to.below("nodes", "volume"))
