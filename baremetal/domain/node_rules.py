"""What may be changed on a node, and when. Pure: given what is, and what is wanted."""

from collections.abc import Mapping
from typing import Any

from baremetal.domain import states
from baremetal.domain.errors import Conflict, Forbidden, InvalidInput
from baremetal.domain.node import INTERFACES

Row = Mapping[str, Any]

#: Columns that decide how the machine is driven.
DRIVING = ("driver", *(f"{kind}_interface" for kind in INTERFACES))

#: Words that stand where a node's name could, in paths of the API.
RESERVED_NAMES = ("maintenance", "management", "states", "vendor_passthru", "detail", "validate")
#: Properties that schedulers compute with.
NUMERIC_PROPERTIES = ("local_gb", "memory_mb")

#: States in which an allocated node may lose its instance.
_FREEABLE = (
    states.ENROLL,
    states.MANAGEABLE,
    states.AVAILABLE,
    states.INSPECTING,
    states.INSPECT_WAIT,
)
#: States on the way somewhere else in which an allocation may still be given up.
_GIVE_UP = (
    states.DEPLOY_FAILED,
    states.INSPECTING,
    states.INSPECT_FAILED,
    states.INSPECT_WAIT,
    states.CLEAN_FAILED,
    states.ERROR,
    states.VERIFYING,
    states.ADOPT_FAILED,
    states.RESCUE_FAILED,
    states.UNRESCUE_FAILED,
    states.SERVICE_HOLD,
    states.SERVICE_FAILED,
)


def check_values(values: Mapping[str, Any]) -> None:
    """Return if a node may have these values at all, in whichever state.

    :raises InvalidInput: a reserved name, or a property that must be a number and is none.
    """
    if values.get("name") in RESERVED_NAMES:
        raise InvalidInput(
            f'The word "{values["name"]}" is reserved and can not be used as a node name. '
            f"Reserved words are: {', '.join(RESERVED_NAMES)}."
        )
    properties = values.get("properties") or {}
    wrong = [
        f"{name}={properties[name]}"
        for name in NUMERIC_PROPERTIES
        if properties.get(name) is not None and not _is_count(properties[name])
    ]
    if wrong:
        raise InvalidInput(
            "The following properties should be non-negative integers, "
            f"but provided values are: {', '.join(wrong)[:200]}"
        )


def _is_count(value: Any) -> bool:
    try:
        return int(value) >= 0
    except (TypeError, ValueError, OverflowError):
        return False


def check_update(row: Row, values: Mapping[str, Any]) -> None:
    """Return if the node may take these new values.

    :raises Conflict: not in its present state.
    :raises InvalidInput: a reason without its flag.
    """
    state, node = row["provision_state"], row["uuid"]
    maintenance = values.get("maintenance", row["maintenance"])
    if any(name in values for name in DRIVING) and not (
        maintenance or state in states.DRIVER_CHANGEABLE
    ):
        raise Conflict(
            f"The driver and interfaces of node {node} can not be changed in state '{state}'. "
            f"They can in: {', '.join(sorted(states.DRIVER_CHANGEABLE))}, or in maintenance."
        )
    if "resource_class" in values and row["resource_class"] is not None:
        changeable = (*states.DRIVER_CHANGEABLE, states.INSPECTING, states.INSPECT_WAIT)
        if state not in changeable and not maintenance:
            raise Conflict(
                f"The resource class of node {node} can not be changed in state '{state}'."
            )
    if values.get("instance_uuid") is not None and row["instance_uuid"] is not None:
        raise Conflict(
            f"Node {node} is associated with instance {row['instance_uuid']}. "
            "Unset instance_uuid first."
        )
    if _frees_instance(row, values) and not maintenance and state not in _FREEABLE:
        raise Conflict(
            f"Node {node} with allocation {row['allocation_uuid']} can not have instance_uuid "
            f"removed in state '{state}'. Undeploy it, or set maintenance first."
        )
    if values.get("retired") and state == states.AVAILABLE:
        raise Conflict(
            f"Node {node} can not have 'retired' set while it is {state}. "
            "Move it out of scheduling first with the verb manage."
        )
    if values.get("protected") and state not in (states.ACTIVE, states.RESCUE):
        raise Conflict(
            f"Node {node} can not have 'protected' set in state '{state}', only while active."
        )
    for flag in ("protected", "retired"):
        reason = values.get(f"{flag}_reason")
        if reason and not values.get(flag, row[flag]):
            raise InvalidInput(f"{flag}_reason can only be set together with {flag}.")


def _frees_instance(row: Row, values: Mapping[str, Any]) -> bool:
    """Whether the new values take an allocated node from its instance."""
    return (
        "instance_uuid" in values
        and values["instance_uuid"] is None
        and row["allocation_uuid"] is not None
    )


def follow_ups(row: Row, values: Mapping[str, Any]) -> dict[str, Any]:
    """Further columns that change along: a flag's reason, an instance's allocation."""
    more: dict[str, Any] = {}
    for flag in ("maintenance", "protected", "retired"):
        if values.get(flag) is False and row[f"{flag}_reason"] is not None:
            more[f"{flag}_reason"] = None
    if values.get("maintenance") is False:
        more["fault"] = None
    if _frees_instance(row, values):
        more["allocation_uuid"] = None
    return more


def check_verb(row: Row, verb: str) -> None:
    """Return if nothing but the state may stand in the verb's way.

    :raises Forbidden: the node is protected.
    :raises InvalidInput: it is in maintenance or retired.
    """
    node = row["uuid"]
    if row["protected"] and verb in ("deleted", "rebuild"):
        raise Forbidden(
            f"Node {node} is protected and can not be undeployed, rebuilt or deleted. "
            f"Reason: {row['protected_reason'] or 'none given'}. Unset 'protected' first."
        )
    if row["maintenance"] and verb in ("active", "rebuild", "clean", "rescue", "service"):
        raise InvalidInput(
            f"The {verb} operation can't be performed on node {node} because it's in maintenance "
            f"mode. Reason: {row['maintenance_reason'] or 'none given'}."
        )
    if row["retired"] and verb == "provide":
        raise InvalidInput(
            f"The provide operation can't be performed on node {node} because it is retired."
        )


def check_deallocation(row: Row) -> None:
    """Return if the node's allocation may be given up.

    :raises Conflict: the node is in use, or on its way to be.
    """
    if row["maintenance"]:
        return
    state = row["provision_state"]
    moving = row["target_provision_state"] is not None and state not in _GIVE_UP
    if moving or state == states.ACTIVE:
        raise Conflict(
            f"Cannot remove allocation {row['allocation_uuid']} of node {row['uuid']}, because the "
            f"node is in state '{state}' and not in maintenance. Undeploy it instead."
        )


def check_delete(row: Row) -> None:
    """Return if the record of the node may go.

    :raises Forbidden: the node is protected.
    :raises Conflict: it is in use.
    """
    if row["protected"]:
        check_verb(row, "deleted")
    if row["instance_uuid"] is not None and not row["maintenance"]:
        raise Conflict(
            f"Node {row['uuid']} is associated with instance {row['instance_uuid']}; "
            "undeploy it first."
        )
    if row["provision_state"] not in states.DELETABLE and not row["maintenance"]:
        raise Conflict(
            f'Can not delete node "{row["uuid"]}" while it is in provision state '
            f'"{row["provision_state"]}". Valid provision states to perform deletion are: '
            f"{sorted(states.DELETABLE)}, or set maintenance."
        )
