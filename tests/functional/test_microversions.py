"""Every field, filter and route appears with its microversion, and not before.

The tables are written down from the history of the Bare Metal API, not taken from our types.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from baremetal.api.types.allocation import Allocation
from baremetal.api.types.base import Type, fields_of, visible
from baremetal.api.types.chassis import Chassis
from baremetal.api.types.history import HistoryEvent
from baremetal.api.types.node import Node
from baremetal.api.types.port import Port
from tests.support.api import Api
from tests.support.plane import PlaneProcess

NEWEST = 90
UUID = "6ba7b810-9dad-41d1-80b4-00c04fd43001"

#: microversion -> the fields of a node that it brought
NODE: dict[int, tuple[str, ...]] = {
    1: (
        *("uuid", "created_at", "updated_at", "driver", "driver_info", "properties", "extra"),
        *("instance_info", "instance_uuid", "chassis_uuid", "provision_state", "power_state"),
        *("target_provision_state", "target_power_state", "provision_updated_at", "last_error"),
        *("maintenance", "maintenance_reason", "reservation", "console_enabled", "links", "ports"),
    ),
    3: ("driver_internal_info",),
    5: ("name",),
    6: ("inspection_started_at", "inspection_finished_at"),
    7: ("clean_step",),
    12: ("raid_config", "target_raid_config"),
    14: ("states",),
    20: ("network_interface",),
    21: ("resource_class",),
    24: ("portgroups",),
    31: (
        *("boot_interface", "console_interface", "deploy_interface", "inspect_interface"),
        *("management_interface", "power_interface", "raid_interface", "vendor_interface"),
    ),
    32: ("volume",),
    33: ("storage_interface",),
    37: ("traits",),
    38: ("rescue_interface",),
    40: ("bios_interface",),
    42: ("fault",),
    44: ("deploy_step",),
    46: ("conductor_group",),
    47: ("automated_clean",),
    48: ("protected", "protected_reason"),
    49: ("conductor",),
    50: ("owner",),
    51: ("description",),
    52: ("allocation_uuid",),
    61: ("retired", "retired_reason"),
    65: ("lessee",),
    66: ("network_data",),
    75: ("boot_mode", "secure_boot"),
    82: ("shard",),
    83: ("parent_node",),
    86: ("firmware_interface",),
    87: ("service_step",),
}
PORT: dict[int, tuple[str, ...]] = {
    1: ("uuid", "address", "node_uuid", "created_at", "updated_at", "extra", "links"),
    18: ("internal_info",),
    19: ("local_link_connection", "pxe_enabled"),
    24: ("portgroup_uuid",),
    34: ("physical_network",),
    53: ("is_smartnic",),
    88: ("name",),
}
CHASSIS: dict[int, tuple[str, ...]] = {
    1: ("uuid", "created_at", "updated_at", "description", "extra", "links", "nodes"),
}
ALLOCATION: dict[int, tuple[str, ...]] = {
    52: (
        *("uuid", "name", "created_at", "updated_at", "state", "node_uuid", "resource_class"),
        *("traits", "candidate_nodes", "extra", "last_error", "links"),
    ),
    60: ("owner",),
}
HISTORY: dict[int, tuple[str, ...]] = {
    78: (*("uuid", "created_at", "severity", "event", "event_type", "conductor", "user", "links"),),
}
TABLES: dict[type[Type], Mapping[int, tuple[str, ...]]] = {
    Node: NODE,
    Port: PORT,
    Chassis: CHASSIS,
    Allocation: ALLOCATION,
    HistoryEvent: HISTORY,
}
#: Where one of each stands, once `things` has made it.
PATHS: dict[type[Type], str] = {
    Node: "/v1/nodes/{uuid}",
    Port: "/v1/ports/{uuid}",
    Chassis: "/v1/chassis/{uuid}",
    Allocation: "/v1/allocations/{uuid}",
}
#: Fields of ours, which the field's clients do not mind.
OURS = {"operation"}

#: list -> {filter: (microversion, a value)}
FILTERS: dict[str, dict[str, tuple[int, str]]] = {
    "/v1/nodes": {
        "instance_uuid": (1, UUID),
        "chassis_uuid": (1, UUID),
        "associated": (1, "true"),
        "maintenance": (1, "true"),
        "provision_state": (9, "active"),
        "driver": (16, "ipmi"),
        "resource_class": (21, "x"),
        "fault": (42, "power%20failure"),
        "detail": (43, "true"),
        "conductor_group": (46, "x"),
        "conductor": (49, "x"),
        "owner": (50, "x"),
        "description_contains": (51, "x"),
        "retired": (61, "true"),
        "lessee": (65, "x"),
        "project": (65, "x"),
        "sharded": (82, "true"),
        "shard": (82, "x"),
        "parent_node": (83, UUID),
        "include_children": (83, "true"),
    },
    "/v1/ports": {
        "address": (1, "52:54:00:00:00:01"),
        "node": (6, UUID),
        "fields": (8, "uuid"),
        "portgroup": (24, UUID),
        "shard": (82, "x"),
    },
    "/v1/allocations": {
        "resource_class": (52, "x"),
        "state": (52, "error"),
        "node": (52, UUID),
        "owner": (60, "x"),
    },
    "/v1/drivers": {
        "type": (30, "dynamic"),
        "detail": (30, "true"),
        "fields": (77, "name"),
    },
}
ROUTES = {
    "/v1/chassis": 1,
    "/v1/nodes/{uuid}/states": 1,
    "/v1/nodes/{uuid}/vifs": 28,
    "/v1/nodes/{uuid}/portgroups": 24,
    "/v1/nodes/{uuid}/volume": 32,
    "/v1/nodes/{uuid}/traits": 37,
    "/v1/nodes/{uuid}/bios": 40,
    "/v1/conductors": 49,
    "/v1/allocations": 52,
    "/v1/nodes/{uuid}/allocation": 52,
    "/v1/nodes/{uuid}/management/indicators": 63,
    "/v1/nodes/{uuid}/history": 78,
    "/v1/nodes/{uuid}/firmware": 86,
}


@pytest.fixture(scope="module")
def api(plane: PlaneProcess) -> Iterator[Api]:
    """The API with one node, port, chassis and allocation, all of one uuid."""
    api = Api(plane)
    node = {"driver": "fake-hardware", "uuid": UUID, "resource_class": "microversions"}
    api.do("POST", "/v1/nodes", node)
    port = {"uuid": UUID, "node_uuid": UUID, "address": "52:54:00:cc:00:01"}
    api.do("POST", "/v1/ports", port)
    api.do("POST", "/v1/chassis", {"uuid": UUID})
    api.do("PUT", f"/v1/nodes/{UUID}/states/provision", {"target": "manage"})
    api.settled(UUID)
    api.do("PUT", f"/v1/nodes/{UUID}/states/provision", {"target": "provide"})
    api.settled(UUID)
    api.do("POST", "/v1/allocations", {"uuid": UUID, "resource_class": "microversions"})
    yield api
    for kind in ("allocations", "nodes", "chassis"):
        api.do("DELETE", f"/v1/{kind}/{UUID}")


def _known(table: Mapping[int, tuple[str, ...]], version: int) -> set[str]:
    return {name for since, names in table.items() if since <= version for name in names}


def _fields(cls: type[Type]) -> list[tuple[int, str]]:
    return [(since, name) for since, names in TABLES[cls].items() for name in names]


@pytest.mark.parametrize("cls", TABLES, ids=lambda cls: cls.__name__)
def test_types_declare_the_versions_of_the_field(cls: type[Type]) -> None:
    first = min(TABLES[cls])
    declared = {name: max(field.since, first) for name, field in fields_of(cls).items()}
    assert declared == {name: since for since, name in _fields(cls)}


@pytest.mark.parametrize("cls", PATHS, ids=lambda cls: cls.__name__)
def test_each_version_shows_its_fields_and_no_others(api: Api, cls: type[Type]) -> None:
    table = TABLES[cls]
    collection = PATHS[cls].removesuffix("/{uuid}")
    for version in range(min(table), NEWEST + 1):
        text = f"1.{version}"
        shown = set(api.get(PATHS[cls].format(uuid=UUID), text)) - OURS
        assert shown == _known(table, version) == set(visible(cls, version)), text
        if cls is not Allocation:
            listed = api.get(f"{collection}/detail?limit=1", text)
            assert set(listed[cls.__resource__.plural][0]) == shown, text


@pytest.mark.parametrize(
    ("cls", "since", "name"),
    [(cls, since, name) for cls in PATHS for since, name in _fields(cls) if since > 8],
    ids=lambda part: part.__name__ if isinstance(part, type) else str(part),
)
def test_a_field_can_be_chosen_from_its_version_on(
    api: Api, cls: type[Type], since: int, name: str
) -> None:
    path = f"{PATHS[cls].format(uuid=UUID)}?fields={name}"
    listed = f"{PATHS[cls].removesuffix('/{uuid}')}?fields={name}&limit=1"
    assert set(api.get(path, f"1.{since}")) == {name, "links"}
    api.get(listed, f"1.{since}")
    before = f"1.{since - 1}"
    if since > min(TABLES[cls]):
        assert api.ask("GET", path, version=before)[0] == 406
        assert api.ask("GET", listed, version=before)[0] == 406


@pytest.mark.parametrize(("since", "name"), [(s, n) for s, n in _fields(Node) if s > 1])
def test_a_field_is_sorted_by_and_written_from_its_version_on(
    api: Api, since: int, name: str
) -> None:
    before, then = f"1.{since - 1}", f"1.{since}"
    path = f"/v1/nodes?sort_key={name}&limit=1"
    answers = [api.ask("GET", path, version=version)[0] for version in (before, then)]
    assert answers in ([406, 200], [400, 400]), answers
    patch: list[dict[str, Any]] = [{"op": "add", "path": f"/{name}", "value": None}]
    status, document = api.ask("PATCH", f"/v1/nodes/{UUID}", patch, before)
    assert status == 406, document
    if fields_of(Node)[name].writable == "always":
        status, document = api.ask("POST", "/v1/nodes", {"driver": "ipmi", name: None}, before)
        assert status == 406, document


@pytest.mark.parametrize(
    ("path", "name", "since", "value"),
    [
        (path, name, since, value)
        for path, table in FILTERS.items()
        for name, (since, value) in table.items()
    ],
)
def test_a_filter_is_known_from_its_version_on(
    api: Api, path: str, name: str, since: int, value: str
) -> None:
    api.get(f"{path}?{name}={value}", f"1.{since}")
    if since > 1:
        expected = 404 if path == "/v1/allocations" and since == 52 else 406
        status, document = api.ask("GET", f"{path}?{name}={value}", version=f"1.{since - 1}")
        assert status == expected, document


@pytest.mark.parametrize(("path", "since"), ROUTES.items())
def test_a_route_is_there_from_its_version_on(api: Api, path: str, since: int) -> None:
    api.get(path.format(uuid=UUID), f"1.{since}")
    if since > 1:
        assert api.ask("GET", path.format(uuid=UUID), version=f"1.{since - 1}")[0] == 404


def test_all_filters_are_in_the_table(api: Api) -> None:
    common = {"limit", "marker", "sort_key", "sort_dir", "fields", "detail", "node_uuid"}
    for path, table in FILTERS.items():
        status, document = api.ask("GET", f"{path}?colour=red")
        assert status == 400
        known = document["error_message"].partition("Known here: ")[2].partition(".")[0]
        assert set(known.split(", ")) - common == set(table) - common, path
