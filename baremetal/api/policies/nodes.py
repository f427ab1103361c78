"""Nodes, their states and their parts."""

from collections.abc import Sequence

from baremetal.auth.rules import (
    ADMIN,
    KEEPERS,
    MANAGERS,
    OVERSEERS,
    OWNER_READER,
    READER,
    SEERS,
    SERVICE,
    USERS,
    Rule,
    Who,
)


def _node(action: str, about: str, who: Sequence[Who], parts: tuple[Rule, ...] = ()) -> Rule:
    return Rule(f"baremetal:node:{action}", about, tuple(who), of="node", parts=parts)


GET = _node("get", "See a node; who may not, is told that there is none.", SEERS)
GET_DRIVER_INFO = _node(
    "get:driver_info",
    "See how a node's BMC is reached: driver_info, driver_internal_info, and what errors tell.",
    (*OVERSEERS, OWNER_READER),
)
LIST_ALL = Rule("baremetal:node:list_all", "List everybody's nodes.", OVERSEERS)
LIST = Rule(
    "baremetal:node:list",
    "List the nodes that one's own project owns or rents.",
    (ADMIN, SERVICE, READER),
    all=LIST_ALL,
)
CREATE = Rule("baremetal:node:create", "Enrol a node.", (ADMIN,))
DELETE = _node("delete", "Forget a node.", (ADMIN,))
VALIDATE = _node("validate", "Ask a driver whether it can work with a node.", USERS)

# A patch must be allowed in each field that it touches.
UPDATE_EXTRA = _node("update_extra", "Change a node's extra.", USERS)
UPDATE_INSTANCE_INFO = _node("update_instance_info", "Change a node's instance_info.", USERS)
UPDATE = _node(
    "update",
    "Change a node's fields, but for those that have a rule of their own.",
    KEEPERS,
    parts=(UPDATE_EXTRA, UPDATE_INSTANCE_INFO),
)
UPDATE_OWNER = _node("update:owner", "Give a node to another project.", (ADMIN,))
UPDATE_LESSEE = _node("update:lessee", "Lend a node to a project.", MANAGERS)
UPDATE_DRIVER_INFO = _node("update:driver_info", "Change how a node's BMC is reached.", MANAGERS)
UPDATE_DRIVER_INTERFACES = _node(
    "update:driver_interfaces", "Change a node's driver and its interfaces.", MANAGERS
)
UPDATE_RETIRED = _node("update:retired", "Retire a node.", MANAGERS)
UPDATE_CHASSIS_UUID = _node("update:chassis_uuid", "Move a node to another chassis.", (ADMIN,))
UPDATE_CONDUCTOR_GROUP = _node(
    "update:conductor_group", "Move a node to another conductor group.", (ADMIN,)
)
UPDATE_PARENT_NODE = _node("update:parent_node", "Make a node part of another one.", (ADMIN,))
UPDATE_SHARD = _node("update:shard", "Move a node to another shard.", (ADMIN,))

GET_STATES = _node("get_states", "See a node's states.", SEERS)
SET_POWER_STATE = _node("set_power_state", "Switch a machine on and off.", USERS)
SET_PROVISION_STATE = _node(
    "set_provision_state", "Deploy, rebuild, rescue and undeploy a machine.", USERS
)
PREPARE = _node(
    "set_provision_state:prepare",
    "Ask for the verbs of those who look after a machine: manage, inspect, clean, provide, adopt, "
    "service, abort, unhold.",
    KEEPERS,
)
SET_MAINTENANCE = _node("set_maintenance", "Put a node in maintenance.", KEEPERS)
CLEAR_MAINTENANCE = _node("clear_maintenance", "Take a node out of maintenance.", KEEPERS)
GET_CONSOLE = _node("get_console", "See where a machine's console is.", USERS)
SET_CONSOLE_STATE = _node("set_console_state", "Open or close a machine's console.", USERS)
GET_BOOT_DEVICE = _node("get_boot_device", "Ask a machine what it boots from.", USERS)
SET_BOOT_DEVICE = _node("set_boot_device", "Change what a machine boots from.", KEEPERS)
INJECT_NMI = _node("inject_nmi", "Send a machine a non-maskable interrupt.", KEEPERS)
SENSORS = _node("sensors:get", "Ask a machine for its sensors' readings.", USERS)
SET_BOOT_MODE = _node("set_boot_mode", "Change a machine's boot mode.", KEEPERS)
SET_SECURE_BOOT = _node("set_secure_boot", "Switch secure boot on and off.", KEEPERS)
SET_RAID_STATE = _node("set_raid_state", "Change a machine's RAID.", KEEPERS)
ATTACH_VMEDIA = _node("vmedia:attach", "Insert virtual media.", KEEPERS)
DETACH_VMEDIA = _node("vmedia:detach", "Eject virtual media.", KEEPERS)
VENDOR_PASSTHRU = _node("vendor_passthru", "See and use a driver's own methods.", KEEPERS)

LIST_TRAITS = _node("traits:list", "See a node's traits.", SEERS)
SET_TRAITS = _node("traits:set", "Give a node traits.", KEEPERS)
DELETE_TRAITS = _node("traits:delete", "Take traits from a node.", KEEPERS)
HISTORY = _node("history:get", "See what went wrong with a node.", (*OVERSEERS, OWNER_READER))
INVENTORY = _node(
    "inventory:get", "See what the last inspection found.", (*OVERSEERS, OWNER_READER)
)
BIOS = _node("bios:get", "See a node's BIOS settings.", SEERS)
FIRMWARE = _node("firmware:get", "See a node's firmware.", SEERS)
INDICATORS = _node("get_indicator_state", "See a node's indicators.", SEERS)
LIST_VIFS = _node("vif:list", "See a node's virtual interfaces.", SEERS)
ATTACH_VIF = _node("vif:attach", "Attach a virtual interface.", USERS)
DETACH_VIF = _node("vif:detach", "Detach a virtual interface.", USERS)
PORTGROUPS = Rule("baremetal:portgroup:get", "See a node's port groups.", SEERS, of="node")
VOLUME = Rule("baremetal:volume:get", "See a node's volumes.", SEERS, of="node")

_OF_FIELDS = {
    "extra": UPDATE_EXTRA,
    "instance_info": UPDATE_INSTANCE_INFO,
    "owner": UPDATE_OWNER,
    "lessee": UPDATE_LESSEE,
    "driver": UPDATE_DRIVER_INTERFACES,
    "driver_info": UPDATE_DRIVER_INFO,
    "maintenance": SET_MAINTENANCE,
    "retired": UPDATE_RETIRED,
    "retired_reason": UPDATE_RETIRED,
    "chassis_uuid": UPDATE_CHASSIS_UUID,
    "conductor_group": UPDATE_CONDUCTOR_GROUP,
    "parent_node": UPDATE_PARENT_NODE,
    "shard": UPDATE_SHARD,
}


def of_field(name: str) -> Rule:
    """The rule for a patch that touches a field."""
    if name.endswith("_interface"):
        return UPDATE_DRIVER_INTERFACES
    return _OF_FIELDS.get(name, UPDATE)
