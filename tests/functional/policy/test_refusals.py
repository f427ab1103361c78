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
from baremetal.db.share_tables import (
    share_access_rules,
    share_messages,
    share_snapshots,
    shares,
)
from baremetal.domain.allocation import Wish
from tests.support.callers import CALLERS, LESSEE, OWNER, Claims
from tests.support.house import House

ADMINS = frozenset({"admin", "system admin"})
CLOUD = ADMINS | {"service"}
OVERSEERS = CLOUD | {"operator", "auditor"}
OWNERS = frozenset({"owner's manager", "owner's member", "owner's reader"})
LESSEES = frozenset({"lessee's manager", "lessee's member", "lessee's reader"})
SEERS = OVERSEERS | OWNERS | LESSEES
READERS = SEERS | {"stranger"}
MANAGERS = CLOUD | {"operator", "owner's manager"}
KEEPERS = MANAGERS | {"owner's member"}
USERS = KEEPERS | {"lessee's manager", "lessee's member"}
ALLOCATION_SEERS = OVERSEERS | LESSEES
ALLOCATION_CHANGERS = CLOUD | {"operator", "lessee's manager", "lessee's member"}
PUBLIC = frozenset(CALLERS) | {"nobody"}

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

SHARE_KEEPERS = CLOUD | {"operator"}
SHARE_CHANGERS = SHARE_KEEPERS | {"owner's manager", "owner's member"}
SHARE_SEERS = OVERSEERS | OWNERS
#: All who are a member of any project, of those that may make shares.
SHARE_MAKERS = (
    CLOUD
    | {"operator", "owner's manager", "owner's member"}
    | {"lessee's manager", "lessee's member", "stranger"}
)

#: The same for the Shared File Systems API; its share belongs to the node's owner.
EXPECTED |= {
    f"{method} /share{path}": who
    for path, methods in {
        "/": {"GET": PUBLIC},
        "/v2": {"GET": PUBLIC},
        "/v2/shares": {"GET": READERS, "POST": SHARE_MAKERS},
        "/v2/shares/detail": {"GET": READERS},
        "/v2/shares/{share}": {
            "GET": SHARE_SEERS,
            "PUT": SHARE_CHANGERS,
            "DELETE": SHARE_CHANGERS,
        },
        "/v2/shares/{share}/action": {"POST": SHARE_SEERS},
        "/v2/shares/{share}/metadata": {
            "GET": SHARE_SEERS,
            "POST": SHARE_CHANGERS,
            "PUT": SHARE_CHANGERS,
        },
        "/v2/shares/{share}/metadata/{key}": {
            "GET": SHARE_SEERS,
            "PUT": SHARE_CHANGERS,
            "DELETE": SHARE_CHANGERS,
        },
        "/v2/shares/{share}/export_locations": {"GET": SHARE_SEERS},
        "/v2/shares/{share}/export_locations/{location}": {"GET": SHARE_SEERS},
        "/v2/shares/{share}/instances": {"GET": OVERSEERS},
        "/v2/share_instances": {"GET": OVERSEERS},
        "/v2/share_instances/{instance}": {"GET": OVERSEERS},
        "/v2/share_instances/{instance}/export_locations": {"GET": OVERSEERS},
        "/v2/share-access-rules": {"GET": READERS},
        "/v2/share-access-rules/{access}": {"GET": SHARE_SEERS},
        "/v2/share-access-rules/{access}/metadata": {"PUT": SHARE_CHANGERS},
        "/v2/share-access-rules/{access}/metadata/{key}": {"DELETE": SHARE_CHANGERS},
        "/v2/snapshots": {"GET": READERS, "POST": SHARE_MAKERS},
        "/v2/snapshots/detail": {"GET": READERS},
        "/v2/snapshots/{snapshot}": {
            "GET": SHARE_SEERS,
            "PUT": SHARE_CHANGERS,
            "DELETE": SHARE_CHANGERS,
        },
        "/v2/snapshots/{snapshot}/action": {"POST": SHARE_KEEPERS},
        "/v2/types": {"GET": READERS, "POST": ADMINS},
        "/v2/types/default": {"GET": READERS},
        "/v2/types/{type}": {"GET": READERS, "PUT": ADMINS, "DELETE": ADMINS},
        "/v2/types/{type}/extra_specs": {"GET": OVERSEERS, "POST": ADMINS},
        "/v2/types/{type}/extra_specs/{key}": {"GET": OVERSEERS, "PUT": ADMINS, "DELETE": ADMINS},
        "/v2/types/{type}/share_type_access": {"GET": ADMINS},
        "/v2/types/{type}/action": {"POST": ADMINS},
        "/v2/availability-zones": {"GET": READERS},
        "/v2/services": {"GET": OVERSEERS},
        "/v2/services/enable": {"PUT": ADMINS},
        "/v2/services/disable": {"PUT": ADMINS},
        "/v2/scheduler-stats/pools": {"GET": OVERSEERS},
        "/v2/scheduler-stats/pools/detail": {"GET": OVERSEERS},
        "/v2/limits": {"GET": READERS},
        "/v2/quota-sets/{project}": {"GET": READERS, "PUT": ADMINS, "DELETE": ADMINS},
        "/v2/quota-sets/{project}/detail": {"GET": READERS},
        "/v2/quota-sets/{project}/defaults": {"GET": READERS},
        "/v2/quota-class-sets/{class}": {"GET": OVERSEERS, "PUT": ADMINS},
        "/v2/messages": {"GET": READERS},
        "/v2/messages/{message}": {"GET": SHARE_SEERS, "DELETE": SHARE_CHANGERS},
        "/v2/extensions": {"GET": READERS},
        "/v2/share-networks": {"GET": READERS},
        "/v2/share-networks/detail": {"GET": READERS},
        "/v2/share-servers": {"GET": READERS},
        "/v2/share-servers/detail": {"GET": READERS},
        "/v2/security-services": {"GET": READERS},
        "/v2/security-services/detail": {"GET": READERS},
    }.items()
    for method, who in methods.items()
}

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
    "/share/v2/shares/{share}": SHARE_SEERS,
    "/share/v2/share-access-rules/{access}": SHARE_SEERS,
    "/share/v2/snapshots/{snapshot}": SHARE_SEERS,
    "/share/v2/messages/{message}": SHARE_SEERS,
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
_SHARE = "0f6d2f1e-52b8-4a1c-9f43-7c1f3a1f0a02"
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
    _add_share(made.db)
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


def _add_share(db: Database) -> None:
    """A share of the node's owner, with a snapshot, a rule and a message; all of one uuid."""
    made = {"uuid": _SHARE, "created_at": "2026-01-01T00:00:00.000000+00:00"}
    theirs = {**made, "project_id": OWNER, "size": 1, "share_proto": "NFS", "status": "available"}
    about = {"resource_type": "SHARE", "resource_id": _SHARE, "action_id": "1", "detail_id": "1"}
    told = {"expires_at": "9", "message_level": "ERROR", "user_message": "", "project_id": OWNER}
    rule = {"access_type": "ip", "access_to": "192.0.2.1", "access_level": "rw", "state": "active"}
    kind = {"share_type": _SHARE, "share_type_name": "t", "instance_uuid": _SHARE, "claimed": 1}
    with db.write() as tx:
        tx.execute(shares.insert(), {**theirs, **kind, "access_rules_status": "active"})
        tx.execute(share_snapshots.insert(), {**theirs, "share_uuid": _SHARE})
        tx.execute(share_access_rules.insert(), {**made, **rule, "share_uuid": _SHARE})
        tx.execute(share_messages.insert(), {**made, **about, **told})


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
        **dict.fromkeys(("{share}", "{snapshot}", "{access}", "{message}"), _SHARE),
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
            ident = _SHARE if path.startswith("/share/") else ident
            assert one.fault == two.fault.replace("nosuch", ident), path
