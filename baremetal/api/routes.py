"""Every route of the API: method, path, controller, and the microversion that brought it."""

from functools import cache
from typing import Any

from baremetal.api.call import Call
from baremetal.api.controllers import (
    absent,
    agent,
    allocations,
    chassis,
    conductors,
    discovery,
    drivers,
    history,
    node_parts,
    nodes,
    operations,
    ports,
    states,
    stream,
)
from baremetal.api.openapi import document
from baremetal.api.query import FIELDS
from baremetal.api.routing import Route
from baremetal.api.types.allocation import Allocation
from baremetal.api.types.chassis import Chassis
from baremetal.api.types.history import HistoryEvent
from baremetal.api.types.node import Node
from baremetal.api.types.operation import Operation
from baremetal.api.types.port import Port

_A, _C, _P = allocations.CONTROLLER, chassis.CONTROLLER, ports.CONTROLLER
# What the queries of routes may say, where it is more than one route's own.
_FIELDS = (FIELDS,)
_ALLOCATIONS = allocations.LISTING.parameters
_CHASSIS = chassis.LISTING.parameters
_NODES = nodes.LISTING.parameters
_OPERATIONS = operations.LISTING.parameters
_PORTS = ports.LISTING.parameters


def _openapi(call: Call) -> Any:
    """This API, as an OpenAPI document."""
    return {**_document(), "servers": [{"url": call.base}]}


@cache
def _document() -> dict[str, Any]:
    return document(ROUTES)


ROUTES = (
    # versions
    Route("GET", "/", discovery.root, public=True),
    Route("GET", "/v1", discovery.v1, public=True),
    Route("GET", "/v1/openapi.json", _openapi, public=True),
    # nodes
    Route("GET", "/v1/nodes", nodes.list_nodes, gives=[Node], query=_NODES),
    Route("POST", "/v1/nodes", nodes.create, takes=Node, gives=Node, status=201),
    Route("GET", "/v1/nodes/detail", nodes.list_details, gives=[Node], query=_NODES),
    Route("GET", "/v1/nodes/validate", node_parts.validate, query=node_parts.WHICH_NODE),
    Route("GET", "/v1/nodes/{node}", nodes.show, gives=Node, query=_FIELDS),
    Route(
        "PATCH", "/v1/nodes/{node}", nodes.update, takes="patch", gives=Node, query=(nodes.RESET,)
    ),
    Route("DELETE", "/v1/nodes/{node}", nodes.delete, status=204),
    Route("GET", "/v1/nodes/{node}/validate", node_parts.validate),
    # node states
    Route("GET", "/v1/nodes/{node}/states", states.show),
    Route("PUT", "/v1/nodes/{node}/states/power", states.set_power, status=202, takes=states.POWER),
    Route(
        "PUT",
        "/v1/nodes/{node}/states/provision",
        states.set_provision,
        status=202,
        takes=states.PROVISION,
    ),
    Route("GET", "/v1/nodes/{node}/states/console", states.console),
    Route(
        "PUT",
        "/v1/nodes/{node}/states/console",
        states.set_console,
        status=202,
        takes=states.CONSOLE,
    ),
    Route(
        "PUT",
        "/v1/nodes/{node}/maintenance",
        states.set_maintenance,
        status=202,
        takes=states.MAINTENANCE,
    ),
    Route("DELETE", "/v1/nodes/{node}/maintenance", states.unset_maintenance, status=202),
    # node management
    Route("GET", "/v1/nodes/{node}/management/boot_device", node_parts.boot_device),
    Route(
        "PUT",
        "/v1/nodes/{node}/management/boot_device",
        node_parts.set_boot_device,
        status=204,
        takes=node_parts.BOOT_DEVICE,
    ),
    Route(
        "GET",
        "/v1/nodes/{node}/management/boot_device/supported",
        node_parts.supported_boot_devices,
    ),
    Route(
        "PUT",
        "/v1/nodes/{node}/management/inject_nmi",
        node_parts.inject_nmi,
        since=29,
        status=204,
        takes=node_parts.NOTHING,
    ),
    Route("GET", "/v1/nodes/{node}/sensors", node_parts.sensors),
    # node parts
    Route("GET", "/v1/nodes/{node}/ports", ports.of_node, gives=[Port], query=_PORTS),
    Route(
        "GET",
        "/v1/nodes/{node}/ports/detail",
        ports.details_of_node,
        gives=[Port],
        query=_PORTS,
    ),
    Route("GET", "/v1/nodes/{node}/traits", node_parts.traits, since=37),
    Route(
        "PUT",
        "/v1/nodes/{node}/traits",
        node_parts.set_traits,
        since=37,
        status=204,
        takes=node_parts.TRAITS,
    ),
    Route("DELETE", "/v1/nodes/{node}/traits", node_parts.remove_traits, since=37, status=204),
    Route("PUT", "/v1/nodes/{node}/traits/{trait}", node_parts.add_trait, since=37, status=204),
    Route(
        "DELETE", "/v1/nodes/{node}/traits/{trait}", node_parts.remove_trait, since=37, status=204
    ),
    Route(
        "GET",
        "/v1/nodes/{node}/history",
        history.of_node,
        since=78,
        gives=[HistoryEvent],
        query=history.LISTING.parameters,
    ),
    Route("GET", "/v1/nodes/{node}/history/{event}", history.show, since=78, gives=HistoryEvent),
    Route("GET", "/v1/nodes/{node}/inventory", node_parts.inventory, since=81),
    # what no driver of this release has
    *(
        Route("GET", f"/v1/nodes/{{node}}/{path}", absent.nothing(name), since, query=absent.LISTS)
        for path, name, since in (
            ("bios", "bios", 40),
            ("firmware", "firmware", 86),
            ("management/indicators", "indicators", 63),
            ("portgroups", "portgroups", 24),
            ("vifs", "vifs", 28),
            ("volume/connectors", "connectors", 32),
            ("volume/targets", "targets", 32),
        )
    ),
    Route("GET", "/v1/nodes/{node}/volume", absent.volume, since=32),
    Route("GET", "/v1/nodes/{node}/vendor_passthru/methods", absent.no_methods),
    Route("GET", "/v1/drivers/{driver}/vendor_passthru/methods", absent.no_driver_methods),
    Route(
        "GET",
        "/v1/drivers/{driver}/raid/logical_disk_properties",
        absent.no_driver_methods,
        since=12,
    ),
    *(
        Route(method, f"/v1/nodes/{{node}}/{path}", absent.unsupported(what), since, status=204)
        for method, path, what, since in (
            ("PUT", "states/boot_mode", "changing the boot mode", 76),
            ("PUT", "states/secure_boot", "secure boot", 76),
            ("PUT", "states/raid", "RAID", 12),
            ("POST", "vifs", "VIFs", 28),
            ("DELETE", "vifs/{vif}", "VIFs", 28),
            ("POST", "vmedia", "virtual media", 89),
            ("DELETE", "vmedia", "virtual media", 89),
        )
    ),
    # ports
    Route("GET", "/v1/ports", _P.list, gives=[Port], query=_PORTS),
    Route("POST", "/v1/ports", _P.create, takes=Port, gives=Port, status=201),
    Route("GET", "/v1/ports/detail", _P.list_details, gives=[Port], query=_PORTS),
    Route("GET", "/v1/ports/{ident}", _P.show, gives=Port, query=_FIELDS),
    Route("PATCH", "/v1/ports/{ident}", _P.update, takes="patch", gives=Port),
    Route("DELETE", "/v1/ports/{ident}", _P.delete, status=204),
    # chassis
    Route("GET", "/v1/chassis", _C.list, gives=[Chassis], query=_CHASSIS),
    Route("POST", "/v1/chassis", _C.create, takes=Chassis, gives=Chassis, status=201),
    Route("GET", "/v1/chassis/detail", _C.list_details, gives=[Chassis], query=_CHASSIS),
    Route("GET", "/v1/chassis/{ident}", _C.show, gives=Chassis, query=_FIELDS),
    Route("PATCH", "/v1/chassis/{ident}", _C.update, takes="patch", gives=Chassis),
    Route("DELETE", "/v1/chassis/{ident}", chassis.delete, status=204),
    Route("GET", "/v1/chassis/{chassis}/nodes", nodes.list_of_chassis, gives=[Node], query=_NODES),
    Route(
        "GET",
        "/v1/chassis/{chassis}/nodes/detail",
        nodes.details_of_chassis,
        gives=[Node],
        query=_NODES,
    ),
    # allocations
    Route(
        "GET",
        "/v1/allocations",
        _A.list,
        since=52,
        gives=[Allocation],
        query=_ALLOCATIONS,
    ),
    Route(
        "POST",
        "/v1/allocations",
        allocations.create,
        since=52,
        takes=Allocation,
        gives=Allocation,
        status=201,
    ),
    Route("GET", "/v1/allocations/{ident}", _A.show, since=52, gives=Allocation, query=_FIELDS),
    Route("PATCH", "/v1/allocations/{ident}", _A.update, since=57, takes="patch", gives=Allocation),
    Route("DELETE", "/v1/allocations/{ident}", allocations.delete, since=52, status=204),
    Route(
        "GET",
        "/v1/nodes/{node}/allocation",
        allocations.of_node,
        since=52,
        gives=Allocation,
        query=_FIELDS,
    ),
    Route(
        "DELETE", "/v1/nodes/{node}/allocation", allocations.delete_of_node, since=52, status=204
    ),
    # drivers and conductors
    Route("GET", "/v1/drivers", drivers.list_drivers, query=drivers.PARAMETERS),
    Route("GET", "/v1/drivers/{driver}", drivers.show, query=(drivers.FIELDS,)),
    Route("GET", "/v1/drivers/{driver}/properties", drivers.properties),
    Route(
        "GET", "/v1/conductors", conductors.list_conductors, since=49, query=conductors.PARAMETERS
    ),
    Route("GET", "/v1/conductors/{hostname}", conductors.show, since=49, query=_FIELDS),
    # the ramdisk's agent
    Route("GET", "/v1/lookup", agent.lookup, since=22, public=True, query=agent.LOOKUP),
    Route(
        "POST",
        "/v1/heartbeat/{node}",
        agent.heartbeat,
        since=22,
        public=True,
        status=202,
        takes=agent.HEARTBEAT,
    ),
    # operations and events, ours
    Route(
        "GET",
        "/v1/operations",
        operations.list_operations,
        gives=[Operation],
        query=_OPERATIONS,
    ),
    Route("GET", "/v1/operations/{operation}", operations.show, gives=Operation),
    Route(
        "POST",
        "/v1/operations/{operation}/cancel",
        operations.cancel,
        gives=Operation,
        status=202,
    ),
    Route("GET", "/v1/events/stream", stream.stream, gives="events", query=stream.PARAMETERS),
)
