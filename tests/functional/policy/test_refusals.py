"""Every route, asked by every kind of caller: who must not enter does not, who may does.

What is expected is written down by hand; a route that is new fails until it stands here.
The controllers are left out, so that each caller finds the same: what a rule leaves to
them, since it is about the body, is in test_policies.py.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import baremetal.cmd.backend  # noqa: F401 - must come before anything of oslo
from baremetal.api import app
from baremetal.api.call import Answer, Call
from baremetal.api.dialect import BARE_METAL, DIALECTS, IMAGE, SHARE
from baremetal.api.routing import Route
from baremetal.clock import Clock
from baremetal.db.allocations import AllocationStore
from baremetal.db.database import Database
from baremetal.db.image_members import ImageMembers
from baremetal.db.images import ImageStore
from baremetal.domain.allocation import Wish
from tests.functional.policy import share_doors
from tests.functional.policy.groups import (
    ADMINS,
    ALLOCATION_CHANGERS,
    ALLOCATION_SEERS,
    CLOUD,
    KEEPERS,
    MANAGERS,
    OVERSEERS,
    OWNERS,
    PUBLIC,
    READERS,
    SEERS,
    USERS,
)
from tests.support.callers import CALLERS, LESSEE, OWNER, Claims
from tests.support.house import House

EXPECTED: dict[str, frozenset[str]] = {
    "GET /": PUBLIC,
    "GET /v1": PUBLIC,
    "GET /v1/openapi.json": PUBLIC,
    "GET /v1/operations/{operation}/autopsy": OVERSEERS | OWNERS,
    "GET /v1/summary": OVERSEERS,
    "GET /v1/events": READERS,
    "GET /v1/lookup": PUBLIC,
    "POST /v1/heartbeat/{node}": PUBLIC,
    # Lists: everybody finds their own there.
    "GET /v1/nodes": READERS,
    "GET /v1/nodes/detail": READERS,
    "GET /v1/chassis/{chassis}/nodes": READERS,
    "GET /v1/chassis/{chassis}/nodes/detail": READERS,
    "GET /v1/ports": READERS,
    "GET /v1/ports/detail": READERS,
    "GET /v1/allocations": READERS,
    "GET /v1/operations": READERS,
    "GET /v1/events/stream": READERS,
    # Nodes
    "POST /v1/nodes": ADMINS,
    "GET /v1/nodes/{node}": SEERS,
    "PATCH /v1/nodes/{node}": USERS,
    "DELETE /v1/nodes/{node}": ADMINS,
    "GET /v1/nodes/validate": USERS,
    "GET /v1/nodes/{node}/validate": USERS,
    "GET /v1/nodes/{node}/states": SEERS,
    "PUT /v1/nodes/{node}/states/power": USERS,
    "PUT /v1/nodes/{node}/states/provision": USERS,
    "GET /v1/nodes/{node}/states/console": USERS,
    "PUT /v1/nodes/{node}/states/console": USERS,
    "PUT /v1/nodes/{node}/maintenance": KEEPERS,
    "DELETE /v1/nodes/{node}/maintenance": KEEPERS,
    "GET /v1/nodes/{node}/management/boot_device": USERS,
    "PUT /v1/nodes/{node}/management/boot_device": KEEPERS,
    "GET /v1/nodes/{node}/management/boot_device/supported": USERS,
    "PUT /v1/nodes/{node}/management/inject_nmi": KEEPERS,
    "GET /v1/nodes/{node}/sensors": USERS,
    "GET /v1/nodes/{node}/ports": SEERS,
    "GET /v1/nodes/{node}/ports/detail": SEERS,
    "GET /v1/nodes/{node}/traits": SEERS,
    "PUT /v1/nodes/{node}/traits": KEEPERS,
    "DELETE /v1/nodes/{node}/traits": KEEPERS,
    "PUT /v1/nodes/{node}/traits/{trait}": KEEPERS,
    "DELETE /v1/nodes/{node}/traits/{trait}": KEEPERS,
    "GET /v1/nodes/{node}/history": OVERSEERS | OWNERS,
    "GET /v1/nodes/{node}/history/{event}": OVERSEERS | OWNERS,
    "GET /v1/nodes/{node}/inventory": OVERSEERS | OWNERS,
    "GET /v1/nodes/{node}/bios": SEERS,
    "GET /v1/nodes/{node}/firmware": SEERS,
    "GET /v1/nodes/{node}/management/indicators": SEERS,
    "GET /v1/nodes/{node}/portgroups": SEERS,
    "GET /v1/nodes/{node}/vifs": SEERS,
    "GET /v1/nodes/{node}/volume": SEERS,
    "GET /v1/nodes/{node}/volume/connectors": SEERS,
    "GET /v1/nodes/{node}/volume/targets": SEERS,
    "GET /v1/nodes/{node}/vendor_passthru/methods": KEEPERS,
    "PUT /v1/nodes/{node}/states/boot_mode": KEEPERS,
    "PUT /v1/nodes/{node}/states/secure_boot": KEEPERS,
    "PUT /v1/nodes/{node}/states/raid": KEEPERS,
    "POST /v1/nodes/{node}/vifs": USERS,
    "DELETE /v1/nodes/{node}/vifs/{vif}": USERS,
    "POST /v1/nodes/{node}/vmedia": KEEPERS,
    "DELETE /v1/nodes/{node}/vmedia": KEEPERS,
    # Ports; whose node it is about, only the body tells.
    "POST /v1/ports": MANAGERS | {"lessee's manager", "stranger"},
    "GET /v1/ports/{ident}": SEERS,
    "PATCH /v1/ports/{ident}": KEEPERS,
    "DELETE /v1/ports/{ident}": MANAGERS,
    # Chassis
    "GET /v1/chassis": OVERSEERS,
    "GET /v1/chassis/detail": OVERSEERS,
    "POST /v1/chassis": ADMINS,
    "GET /v1/chassis/{ident}": OVERSEERS,
    "PATCH /v1/chassis/{ident}": ADMINS | {"operator"},
    "DELETE /v1/chassis/{ident}": ADMINS,
    # Allocations; this one is the lessee's.
    "POST /v1/allocations": CLOUD
    | {"operator", "owner's manager", "owner's member"}
    | {"lessee's manager", "lessee's member", "stranger"},
    "GET /v1/allocations/{ident}": ALLOCATION_SEERS,
    "PATCH /v1/allocations/{ident}": ALLOCATION_CHANGERS,
    "DELETE /v1/allocations/{ident}": ALLOCATION_CHANGERS,
    "GET /v1/nodes/{node}/allocation": ALLOCATION_SEERS,
    "DELETE /v1/nodes/{node}/allocation": ALLOCATION_CHANGERS,
    # Drivers, conductors
    "GET /v1/drivers": OVERSEERS,
    "GET /v1/drivers/{driver}": OVERSEERS,
    "GET /v1/drivers/{driver}/properties": OVERSEERS,
    "GET /v1/drivers/{driver}/vendor_passthru/methods": OVERSEERS,
    "GET /v1/drivers/{driver}/raid/logical_disk_properties": OVERSEERS,
    "GET /v1/conductors": OVERSEERS,
    "GET /v1/conductors/{hostname}": OVERSEERS,
    # Operations
    "GET /v1/operations/{operation}": SEERS,
    "POST /v1/operations/{operation}/cancel": KEEPERS,
}

IMAGE_CHANGERS = CLOUD | {"operator", "owner's manager", "owner's member"}

#: The same for the Image API; its image belongs to the node's owner, and is shared with the lessee.
EXPECTED |= {
    "GET /image/": PUBLIC,
    "GET /image/versions": PUBLIC,
    "GET /image/v2": PUBLIC,
    "GET /image/v2/openapi.json": PUBLIC,
    "GET /image/v2/schemas/{schema}": READERS,
    "GET /image/v2/info/import": READERS,
    "GET /image/v2/info/stores": READERS,
    "GET /image/v2/info/stores/detail": ADMINS,
    "GET /image/v2/images": READERS,
    "POST /image/v2/images": CLOUD
    | {"operator", "owner's manager", "owner's member"}
    | {"lessee's manager", "lessee's member", "stranger"},
    "GET /image/v2/images/{image}": SEERS,
    "PATCH /image/v2/images/{image}": IMAGE_CHANGERS,
    "DELETE /image/v2/images/{image}": IMAGE_CHANGERS,
    "POST /image/v2/images/{image}/actions/deactivate": ADMINS,
    "POST /image/v2/images/{image}/actions/reactivate": ADMINS,
    "PUT /image/v2/images/{image}/tags/{tag}": IMAGE_CHANGERS,
    "DELETE /image/v2/images/{image}/tags/{tag}": IMAGE_CHANGERS,
    "PUT /image/v2/images/{image}/file": IMAGE_CHANGERS,
    "GET /image/v2/images/{image}/file": SEERS,
    "POST /image/v2/images/{image}/tickets": IMAGE_CHANGERS,
    "GET /image/v2/images/{image}/direct": PUBLIC,
    "GET /image/v2/images/{image}/locations": CLOUD,
    "DELETE /image/v2/stores/{store}/{image}": IMAGE_CHANGERS,
    "PUT /image/v2/images/{image}/stage": IMAGE_CHANGERS,
    "POST /image/v2/images/{image}/import": IMAGE_CHANGERS,
    "GET /image/v2/images/{image}/members": SEERS,
    "POST /image/v2/images/{image}/members": IMAGE_CHANGERS,
    "GET /image/v2/images/{image}/members/{member}": SEERS,
    "PUT /image/v2/images/{image}/members/{member}": ADMINS
    | {"lessee's manager", "lessee's member"},
    "DELETE /image/v2/images/{image}/members/{member}": IMAGE_CHANGERS,
}

#: The same for the Shared File Systems API.
EXPECTED |= share_doors.DOORS

#: Who sees what a path names, where not everybody does; the first part that fits decides.
SEEN: dict[str, frozenset[str]] = {
    "/v1/nodes/{node}/allocation": ALLOCATION_SEERS,
    "/v1/allocations/{ident}": ALLOCATION_SEERS,
    "/v1/nodes/{node}": SEERS,
    "/v1/nodes/validate": SEERS,
    "/v1/ports/{ident}": SEERS,
    "/v1/operations/{operation}": SEERS,
    "/image/v2/images/{image}": SEERS,
    "/image/v2/stores/{store}/{image}": SEERS,
    **share_doors.SEEN,
}


#: The routes of all APIs, by the paths at which they stand.
ROUTES = (
    *BARE_METAL.routes,
    *(
        replace(route, path=dialect.prefix + route.path)
        for dialect in (IMAGE, SHARE)
        for route in dialect.routes
    ),
)
_IMAGE = "0f6d2f1e-52b8-4a1c-9f43-7c1f3a1f0a01"
_ALLOCATION = "8c2bd9f4-1d2d-4f2c-b25c-3f6d5a2c4c11"


def _name(route: Route) -> str:
    return f"{route.method} {route.path}"


def _inside(_call: Call) -> Answer:
    return Answer({"let": "in"}, 200)


@pytest.fixture
def house(
    sqlite_database: Database, tmp_path: Path, claims: Claims, monkeypatch: pytest.MonkeyPatch
) -> House:
    """One node of each, with everything that paths name; controllers are left out."""
    made = House(sqlite_database, tmp_path, Clock(), auth=claims)
    node = made.enrol("node", owner=OWNER, lessee=LESSEE, resource_class="big")
    made.asked("POST", "ports", {"address": "52:54:00:00:00:01", "node_uuid": node["uuid"]})
    wish = Wish(_ALLOCATION, "big", name="allocation", owner=LESSEE)
    AllocationStore(made.db).fulfil(wish, made.row("node"), Clock().now())
    image = {"uuid": _IMAGE, "status": "queued", "visibility": "shared", "owner": OWNER}
    ImageStore(made.db).insert(image, Clock().now())
    ImageMembers(made.db).add(_IMAGE, LESSEE, Clock().now())
    share_doors.add_share(made.db)
    made.provision("node", "manage")
    doors = tuple(
        replace(
            dialect,
            routes=tuple(replace(route, controller=_inside) for route in dialect.routes),
        )
        for dialect in DIALECTS
    )
    monkeypatch.setattr(app, "DIALECTS", doors)
    made.reopen()
    return made


@pytest.fixture
def places(house: House, claims: Claims) -> dict[str, str]:
    """What stands for each variable of a path."""
    with house.db.read() as connection:
        rows = {
            table: str(connection.exec_driver_sql(f"SELECT uuid FROM {table}").scalar())
            for table in ("ports", "operations", "allocations")
        }
    return {
        "{node}": "node",
        "ports/{ident}": f"ports/{rows['ports']}",
        "allocations/{ident}": "allocations/allocation",
        "chassis/{ident}": "chassis/4a5e5a46-2c8d-4f4e-9b66-0b7cf3f0a111",
        "{operation}": rows["operations"],
        "{chassis}": "4a5e5a46-2c8d-4f4e-9b66-0b7cf3f0a111",
        "{event}": "4a5e5a46-2c8d-4f4e-9b66-0b7cf3f0a112",
        "{trait}": "CUSTOM_A",
        "{vif}": "vif",
        "{driver}": "fake-hardware",
        "{hostname}": "house",
        "{image}": _IMAGE,
        **dict.fromkeys(("{share}", "{snapshot}", "{access}", "{message}"), share_doors.SHARE),
        **dict.fromkeys(("{key}", "{location}", "{instance}", "{type}"), "word"),
        **dict.fromkeys(("{project}", "{class}"), "default"),
        "{member}": LESSEE,
        "{tag}": "tag",
        "{schema}": "image",
        "{store}": "local",
    }


def _paths(places: dict[str, str]) -> Iterator[tuple[Route, str]]:
    for route in ROUTES:
        path = route.path
        for variable, value in places.items():
            path = path.replace(variable, value)
        assert "{" not in path, f"say in `places` what stands for the variable of {path}"
        yield route, path + ("?node=node" if path == "/v1/nodes/validate" else "")


def test_each_route_is_in_the_table_of_this_test() -> None:
    assert sorted(map(_name, ROUTES)) == sorted(EXPECTED), "say in EXPECTED who may use it"


def test_each_route_is_public_or_names_its_policy() -> None:
    for route in ROUTES:
        assert route.public == (route.policy is None), route.path
        assert route.public == (EXPECTED[_name(route)] is PUBLIC), route.path


def test_who_gives_no_credentials_stays_out(
    house: House, claims: Claims, places: dict[str, str]
) -> None:
    with claims.being(None):
        for route, path in _paths(places):
            reply = house.request(route.method, path)
            assert reply.status == (200 if route.public else 401), path


@pytest.mark.parametrize("who", CALLERS)
def test_each_caller_gets_where_they_may_and_nowhere_else(
    house: House, claims: Claims, places: dict[str, str], who: str
) -> None:
    found: dict[str, int] = {}
    expected: dict[str, int] = {}
    with claims.being(who):
        for route, path in _paths(places):
            found[_name(route)] = house.request(route.method, path).status
            expected[_name(route)] = _expected(route, who)
    assert found == expected


def _expected(route: Route, who: str) -> int:
    if who in EXPECTED[_name(route)]:
        return 200
    seers: Any = next((seers for part, seers in SEEN.items() if route.path.startswith(part)), None)
    return 404 if seers is not None and who not in seers else 403


def test_what_does_not_exist_looks_like_what_one_may_not_see(
    house: House, claims: Claims, places: dict[str, str]
) -> None:
    missing = {**places, "{node}": "nosuch", "allocations/{ident}": "allocations/nosuch"}
    missing["{image}"] = "nosuch"
    missing |= dict.fromkeys(("{share}", "{snapshot}", "{access}", "{message}"), "nosuch")
    with claims.being("stranger"):
        for (route, path), (_, other) in zip(_paths(places), _paths(missing), strict=True):
            if path == other or route.public:
                continue
            one, two = house.request(route.method, path), house.request(route.method, other)
            assert one.status == two.status == 404, path
            ident = "node" if "nodes/" in path else _IMAGE if "/image/" in path else "allocation"
            ident = share_doors.SHARE if path.startswith("/share/") else ident
            assert one.fault == two.fault.replace("nosuch", ident), path
