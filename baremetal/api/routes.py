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
    events,
    history,
    node_parts,
    nodes,
    operations,
    ports,
    states,
    stream,
    summary,
)
from baremetal.api.openapi import document
from baremetal.api.policies import allocations as may_allocations
from baremetal.api.policies import chassis as may_chassis
from baremetal.api.policies import conductors as may_conductors
from baremetal.api.policies import drivers as may_drivers
from baremetal.api.policies import events as may_events
from baremetal.api.policies import nodes as may_nodes
from baremetal.api.policies import operations as may_operations
from baremetal.api.policies import ports as may_ports
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
    Route("GET", "/v1/nodes", nodes.list_nodes, may_nodes.LIST, gives=[Node], query=_NODES),
    Route("POST", "/v1/nodes", nodes.create, may_nodes.CREATE, takes=Node, gives=Node, status=201),
    Route(
        "GET", "/v1/nodes/detail", nodes.list_details, may_nodes.LIST, gives=[Node], query=_NODES
    ),
    Route(
        "GET",
        "/v1/nodes/validate",
        node_parts.validate,
        may_nodes.VALIDATE,
        query=node_parts.WHICH_NODE,
    ),
    Route("GET", "/v1/nodes/{node}", nodes.show, may_nodes.GET, gives=Node, query=_FIELDS),
    Route(
        "PATCH",
        "/v1/nodes/{node}",
        nodes.update,
        may_nodes.UPDATE,
        takes="patch",
        gives=Node,
        query=(nodes.RESET,),
    ),
    Route("DELETE", "/v1/nodes/{node}", nodes.delete, may_nodes.DELETE, status=204),
    Route("GET", "/v1/nodes/{node}/validate", node_parts.validate, may_nodes.VALIDATE),
    # node states
    Route("GET", "/v1/nodes/{node}/states", states.show, may_nodes.GET_STATES),
    Route(
        "PUT",
        "/v1/nodes/{node}/states/power",
        states.set_power,
        may_nodes.SET_POWER_STATE,
        status=202,
        takes=states.POWER,
    ),
    Route(
        "PUT",
        "/v1/nodes/{node}/states/provision",
        states.set_provision,
        may_nodes.SET_PROVISION_STATE,
        status=202,
        takes=states.PROVISION,
    ),
    Route("GET", "/v1/nodes/{node}/states/console", states.console, may_nodes.GET_CONSOLE),
    Route(
        "PUT",
        "/v1/nodes/{node}/states/console",
        states.set_console,
        may_nodes.SET_CONSOLE_STATE,
        status=202,
        takes=states.CONSOLE,
    ),
    Route(
        "PUT",
        "/v1/nodes/{node}/maintenance",
        states.set_maintenance,
        may_nodes.SET_MAINTENANCE,
        status=202,
        takes=states.MAINTENANCE,
    ),
    Route(
        "DELETE",
        "/v1/nodes/{node}/maintenance",
        states.unset_maintenance,
        may_nodes.CLEAR_MAINTENANCE,
        status=202,
    ),
    # node management
    Route(
        "GET",
        "/v1/nodes/{node}/management/boot_device",
        node_parts.boot_device,
        may_nodes.GET_BOOT_DEVICE,
    ),
    Route(
        "PUT",
        "/v1/nodes/{node}/management/boot_device",
        node_parts.set_boot_device,
        may_nodes.SET_BOOT_DEVICE,
        status=204,
        takes=node_parts.BOOT_DEVICE,
    ),
    Route(
        "GET",
        "/v1/nodes/{node}/management/boot_device/supported",
        node_parts.supported_boot_devices,
        may_nodes.GET_BOOT_DEVICE,
    ),
    Route(
        "PUT",
        "/v1/nodes/{node}/management/inject_nmi",
        node_parts.inject_nmi,
        may_nodes.INJECT_NMI,
        since=29,
        status=204,
        takes=node_parts.NOTHING,
    ),
    Route("GET", "/v1/nodes/{node}/sensors", node_parts.sensors, may_nodes.SENSORS),
    # node parts
    Route(
        "GET", "/v1/nodes/{node}/ports", ports.of_node, may_ports.GET, gives=[Port], query=_PORTS
    ),
    Route(
        "GET",
        "/v1/nodes/{node}/ports/detail",
        ports.details_of_node,
        may_ports.GET,
        gives=[Port],
        query=_PORTS,
    ),
    Route("GET", "/v1/nodes/{node}/traits", node_parts.traits, may_nodes.LIST_TRAITS, since=37),
    Route(
        "PUT",
        "/v1/nodes/{node}/traits",
        node_parts.set_traits,
        may_nodes.SET_TRAITS,
        since=37,
        status=204,
        takes=node_parts.TRAITS,
    ),
    Route(
        "DELETE",
        "/v1/nodes/{node}/traits",
        node_parts.remove_traits,
        may_nodes.DELETE_TRAITS,
        since=37,
        status=204,
    ),
    Route(
        "PUT",
        "/v1/nodes/{node}/traits/{trait}",
        node_parts.add_trait,
        may_nodes.SET_TRAITS,
        since=37,
        status=204,
    ),
    Route(
        "DELETE",
        "/v1/nodes/{node}/traits/{trait}",
        node_parts.remove_trait,
        may_nodes.DELETE_TRAITS,
        since=37,
        status=204,
    ),
    Route(
        "GET",
        "/v1/nodes/{node}/history",
        history.of_node,
        may_nodes.HISTORY,
        since=78,
        gives=[HistoryEvent],
        query=history.LISTING.parameters,
    ),
    Route(
        "GET",
        "/v1/nodes/{node}/history/{event}",
        history.show,
        may_nodes.HISTORY,
        since=78,
        gives=HistoryEvent,
    ),
    Route("GET", "/v1/nodes/{node}/inventory", node_parts.inventory, may_nodes.INVENTORY, since=81),
    # what no driver of this release has
    *(
        Route(
            "GET",
            f"/v1/nodes/{{node}}/{path}",
            absent.nothing(name),
            policy,
            since=since,
            query=absent.LISTS,
        )
        for path, name, since, policy in (
            ("bios", "bios", 40, may_nodes.BIOS),
            ("firmware", "firmware", 86, may_nodes.FIRMWARE),
            ("management/indicators", "indicators", 63, may_nodes.INDICATORS),
            ("portgroups", "portgroups", 24, may_nodes.PORTGROUPS),
            ("vifs", "vifs", 28, may_nodes.LIST_VIFS),
            ("volume/connectors", "connectors", 32, may_nodes.VOLUME),
            ("volume/targets", "targets", 32, may_nodes.VOLUME),
        )
    ),
    Route("GET", "/v1/nodes/{node}/volume", absent.volume, may_nodes.VOLUME, since=32),
    Route(
        "GET",
        "/v1/nodes/{node}/vendor_passthru/methods",
        absent.no_methods,
        may_nodes.VENDOR_PASSTHRU,
    ),
    Route(
        "GET",
        "/v1/drivers/{driver}/vendor_passthru/methods",
        absent.no_driver_methods,
        may_drivers.VENDOR_PASSTHRU,
    ),
    Route(
        "GET",
        "/v1/drivers/{driver}/raid/logical_disk_properties",
        absent.no_driver_methods,
        may_drivers.GET_RAID_PROPERTIES,
        since=12,
    ),
    *(
        Route(
            method,
            f"/v1/nodes/{{node}}/{path}",
            absent.unsupported(what),
            policy,
            since=since,
            status=204,
        )
        for method, path, what, since, policy in (
            ("PUT", "states/boot_mode", "changing the boot mode", 76, may_nodes.SET_BOOT_MODE),
            ("PUT", "states/secure_boot", "secure boot", 76, may_nodes.SET_SECURE_BOOT),
            ("PUT", "states/raid", "RAID", 12, may_nodes.SET_RAID_STATE),
            ("POST", "vifs", "VIFs", 28, may_nodes.ATTACH_VIF),
            ("DELETE", "vifs/{vif}", "VIFs", 28, may_nodes.DETACH_VIF),
            ("POST", "vmedia", "virtual media", 89, may_nodes.ATTACH_VMEDIA),
            ("DELETE", "vmedia", "virtual media", 89, may_nodes.DETACH_VMEDIA),
        )
    ),
    # ports
    Route("GET", "/v1/ports", _P.list, may_ports.LIST, gives=[Port], query=_PORTS),
    Route("POST", "/v1/ports", _P.create, may_ports.CREATE, takes=Port, gives=Port, status=201),
    Route("GET", "/v1/ports/detail", _P.list_details, may_ports.LIST, gives=[Port], query=_PORTS),
    Route("GET", "/v1/ports/{ident}", _P.show, may_ports.GET, gives=Port, query=_FIELDS),
    Route("PATCH", "/v1/ports/{ident}", _P.update, may_ports.UPDATE, takes="patch", gives=Port),
    Route("DELETE", "/v1/ports/{ident}", _P.delete, may_ports.DELETE, status=204),
    # chassis
    Route("GET", "/v1/chassis", _C.list, may_chassis.GET, gives=[Chassis], query=_CHASSIS),
    Route(
        "POST",
        "/v1/chassis",
        _C.create,
        may_chassis.CREATE,
        takes=Chassis,
        gives=Chassis,
        status=201,
    ),
    Route(
        "GET",
        "/v1/chassis/detail",
        _C.list_details,
        may_chassis.GET,
        gives=[Chassis],
        query=_CHASSIS,
    ),
    Route("GET", "/v1/chassis/{ident}", _C.show, may_chassis.GET, gives=Chassis, query=_FIELDS),
    Route(
        "PATCH", "/v1/chassis/{ident}", _C.update, may_chassis.UPDATE, takes="patch", gives=Chassis
    ),
    Route("DELETE", "/v1/chassis/{ident}", chassis.delete, may_chassis.DELETE, status=204),
    Route(
        "GET",
        "/v1/chassis/{chassis}/nodes",
        nodes.list_of_chassis,
        may_nodes.LIST,
        gives=[Node],
        query=_NODES,
    ),
    Route(
        "GET",
        "/v1/chassis/{chassis}/nodes/detail",
        nodes.details_of_chassis,
        may_nodes.LIST,
        gives=[Node],
        query=_NODES,
    ),
    # allocations
    Route(
        "GET",
        "/v1/allocations",
        _A.list,
        may_allocations.LIST,
        since=52,
        gives=[Allocation],
        query=_ALLOCATIONS,
    ),
    Route(
        "POST",
        "/v1/allocations",
        allocations.create,
        may_allocations.CREATE,
        since=52,
        takes=Allocation,
        gives=Allocation,
        status=201,
    ),
    Route(
        "GET",
        "/v1/allocations/{ident}",
        _A.show,
        may_allocations.GET,
        since=52,
        gives=Allocation,
        query=_FIELDS,
    ),
    Route(
        "PATCH",
        "/v1/allocations/{ident}",
        _A.update,
        may_allocations.UPDATE,
        since=57,
        takes="patch",
        gives=Allocation,
    ),
    Route(
        "DELETE",
        "/v1/allocations/{ident}",
        allocations.delete,
        may_allocations.DELETE,
        since=52,
        status=204,
    ),
    Route(
        "GET",
        "/v1/nodes/{node}/allocation",
        allocations.of_node,
        may_allocations.GET,
        since=52,
        gives=Allocation,
        query=_FIELDS,
    ),
    Route(
        "DELETE",
        "/v1/nodes/{node}/allocation",
        allocations.delete_of_node,
        may_allocations.DELETE,
        since=52,
        status=204,
    ),
    # drivers and conductors
    Route("GET", "/v1/drivers", drivers.list_drivers, may_drivers.GET, query=drivers.PARAMETERS),
    Route("GET", "/v1/drivers/{driver}", drivers.show, may_drivers.GET, query=(drivers.FIELDS,)),
    Route("GET", "/v1/drivers/{driver}/properties", drivers.properties, may_drivers.GET_PROPERTIES),
    Route(
        "GET",
        "/v1/conductors",
        conductors.list_conductors,
        may_conductors.GET,
        since=49,
        query=conductors.PARAMETERS,
    ),
    Route(
        "GET",
        "/v1/conductors/{hostname}",
        conductors.show,
        may_conductors.GET,
        since=49,
        query=_FIELDS,
    ),
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
    # operations, events and counts, ours
    Route(
        "GET",
        "/v1/operations",
        operations.list_operations,
        may_operations.LIST,
        gives=[Operation],
        query=_OPERATIONS,
    ),
    Route(
        "GET", "/v1/operations/{operation}", operations.show, may_operations.GET, gives=Operation
    ),
    Route(
        "GET",
        "/v1/operations/{operation}/autopsy",
        operations.autopsy,
        may_operations.GET_AUTOPSY,
    ),
    Route(
        "POST",
        "/v1/operations/{operation}/cancel",
        operations.cancel,
        may_operations.CANCEL,
        gives=Operation,
        status=202,
    ),
    Route("GET", "/v1/summary", summary.summary, may_events.SUMMARY),
    Route("GET", "/v1/events", events.list_events, may_events.STREAM, query=events.PARAMETERS),
    Route(
        "GET",
        "/v1/events/stream",
        stream.stream,
        may_events.STREAM,
        gives="events",
        query=stream.PARAMETERS,
    ),
)
