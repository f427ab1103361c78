"""Parts of a node: traits, boot device, validation, inventory, and what is empty yet."""

import contextlib
from collections.abc import Iterator
from typing import Any

from baremetal.api.body import Body, Member
from baremetal.api.call import Answer, Call
from baremetal.api.controllers.veil import error_of_node
from baremetal.api.query import Parameter
from baremetal.api.types import kinds
from baremetal.db.inventories import get_inventory
from baremetal.db.nodes import retried
from baremetal.domain.errors import DriverError, InvalidInput, NotFound, Unavailable
from baremetal.domain.node import MAX_TRAITS, is_trait

BOOT_DEVICE = Body(
    {
        "boot_device": Member(kinds.TEXT, mandatory=True, about="Such as pxe or disk."),
        "persistent": Member(kinds.BOOLEAN, about="For all boots to come, not for the next alone."),
    }
)
NOTHING = Body({}, optional=True)
TRAITS = Body({"traits": Member(kinds.TEXTS, mandatory=True)})
#: The query that names the node, where the path does not.
WHICH_NODE = (Parameter("node", kinds.TEXT), Parameter("node_uuid", kinds.UUID))


def validate(call: Call) -> Any:
    """What each interface says of the node's fields."""
    row = call.services.nodes.row(_ident(call))
    judged = call.services.conductor.validate(_host(call, row), row["uuid"])
    for verdict in judged.values():
        if "reason" in verdict:
            verdict["reason"] = error_of_node(call, row["uuid"], verdict["reason"])
    return judged


def _ident(call: Call) -> str:
    ident = call.args.get("node") or call.query.get("node") or call.query.get("node_uuid")
    if not ident:
        raise InvalidInput("Expected a logical name or UUID but received None.")
    return ident


@contextlib.contextmanager
def _at_the_machine(call: Call) -> Iterator[tuple[str, str]]:
    """The conductor and the node that a live call is about.

    What the hardware fails with names its BMC, so it is shown where errors of nodes are.
    """
    row = call.services.nodes.row(_ident(call))
    try:
        yield _host(call, row), row["uuid"]
    except DriverError as error:
        raise DriverError(error_of_node(call, row["uuid"], error.message)) from error


def _host(call: Call, row: dict[str, Any]) -> str:
    host = call.services.members.host_for(row["driver"], row["conductor_group"], row["slot"])
    if host is None:
        raise Unavailable(
            f"No conductor that is alive has driver {row['driver']} for conductor group "
            f'"{row["conductor_group"]}". Start one, or enable the driver on one.'
        )
    return host


# -- boot device -------------------------------------------------------------


def boot_device(call: Call) -> Any:
    """What the machine boots from next."""
    with _at_the_machine(call) as (host, uuid):
        return call.services.conductor.get_boot_device(host, uuid)


def supported_boot_devices(call: Call) -> Any:
    """What it can boot from."""
    with _at_the_machine(call) as (host, uuid):
        devices = call.services.conductor.supported_boot_devices(host, uuid)
    return {"supported_boot_devices": devices}


def set_boot_device(call: Call) -> Answer:
    """Change what the machine boots from."""
    body = BOOT_DEVICE.read(call)
    device, persistent = body["boot_device"], body.get("persistent", False)
    with _at_the_machine(call) as (host, uuid):
        call.services.conductor.set_boot_device(host, uuid, device, persistent)
    return Answer(status=204)


def inject_nmi(call: Call) -> Answer:
    """Send the machine a non-maskable interrupt."""
    NOTHING.read(call)
    with _at_the_machine(call) as (host, uuid):
        call.services.conductor.inject_nmi(host, uuid)
    return Answer(status=204)


def sensors(call: Call) -> Any:
    """Sensor readings, as the machine says now."""
    with _at_the_machine(call) as (host, uuid):
        return {"sensors": call.services.conductor.get_sensors(host, uuid)}


# -- traits ------------------------------------------------------------------


def traits(call: Call) -> Any:
    """The node's traits."""
    return {"traits": call.services.nodes.row(_ident(call))["traits"]}


def set_traits(call: Call) -> Answer:
    """Replace all traits."""
    wanted = TRAITS.read(call)["traits"]
    for trait in wanted:
        _check_trait(trait)
    return _write_traits(call, lambda _: sorted(set(wanted)))


def add_trait(call: Call) -> Answer:
    """Add one trait."""
    if call.raw.strip():
        raise InvalidInput("No body should be provided when adding a single trait.")
    trait = call.args["trait"]
    _check_trait(trait)
    return _write_traits(call, lambda now: sorted({*now, trait}))


def remove_traits(call: Call) -> Answer:
    """Remove all traits."""
    return _write_traits(call, lambda _: [])


def remove_trait(call: Call) -> Answer:
    """Remove one trait."""
    trait = call.args["trait"]

    def without(now: list[str]) -> list[str]:
        if trait not in now:
            raise NotFound("Trait", f"{trait} of node {_ident(call)}")
        return [name for name in now if name != trait]

    return _write_traits(call, without)


def _check_trait(trait: Any) -> None:
    if not is_trait(trait):
        raise InvalidInput(
            f"Invalid trait {str(trait)[:80]!r}: give a standard trait or CUSTOM_ with A-Z 0-9 _."
        )


def _write_traits(call: Call, change: Any) -> Answer:
    def write() -> None:
        row = call.services.nodes.row(_ident(call))
        after = change(row["traits"])
        if len(after) > MAX_TRAITS:
            raise InvalidInput(f"A node has at most {MAX_TRAITS} traits, not {len(after)}.")
        call.services.nodes.update(row, {"traits": after}, (), call.services.clock.now())

    retried(write)
    return Answer(status=204)


# -- records -----------------------------------------------------------------


def inventory(call: Call) -> Any:
    """What the last inspection found."""
    row = call.services.nodes.row(_ident(call))
    found = get_inventory(call.services.db, row["uuid"])
    if found is None:
        raise NotFound("Node inventory record for node", row["uuid"])
    return found
