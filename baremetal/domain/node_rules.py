"""What may be changed on a node, and when. Pure: given what is, and what is wanted."""

from collections.abc import Mapping
from typing import Any

from baremetal.domain import states
from baremetal.domain.errors import Conflict, Forbidden, InvalidInput
from baremetal.domain.node import INTERFACES

Row = Mapping[str, Any]

#: Columns that decide how the machine is driven.
DRIVING = ("driver", *(f"{kind}_interface" for kind in INTERFACES))


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


def follow_ups(row: Row, values: Mapping[str, Any]) -> dict[str, Any]:
    """Further columns that change along: a flag's reason goes with the flag."""
    more: dict[str, Any] = {}
    for flag in ("maintenance", "protected", "retired"):
        if values.get(flag) is False and row[f"{flag}_reason"] is not None:
            more[f"{flag}_reason"] = None
    if values.get("maintenance") is False:
        more["fault"] = None
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
