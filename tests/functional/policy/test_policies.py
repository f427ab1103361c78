"""What callers see of lists, and what a rule leaves to controllers: fields, verbs, bodies."""

import os
from pathlib import Path
from typing import Any

import pytest

import baremetal.cmd.backend  # noqa: F401 - must come before anything of oslo
from baremetal.api.controllers import stream
from baremetal.auth.identity import Identity
from baremetal.db.database import Database
from baremetal.domain.autopsy import BMC_UNREACHABLE
from baremetal.domain.errors import DriverError, InvalidInput
from baremetal.domain.node import Node
from baremetal.drivers.management.fake import FakeManagement
from baremetal.drivers.power.fake import FakePower
from tests.support.callers import CALLERS, LESSEE, OWNER, STRANGER, Claims, caller
from tests.support.clock import ManualClock
from tests.support.house import House


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def house(database: Database, clock: ManualClock, tmp_path: Path, claims: Claims) -> House:
    """A node that is owned and lent, one that is owned, and one of the cloud; a port each."""
    made = House(database, tmp_path, clock, auth=claims)
    for number, (name, fields) in enumerate(
        {"lent": {"owner": OWNER, "lessee": LESSEE}, "owned": {"owner": OWNER}, "cloud": {}}.items()
    ):
        node = made.enrol(name, resource_class="big", **fields)
        made.asked(
            "POST",
            "ports",
            {
                "address": f"52:54:00:00:00:0{number}",
                "node_uuid": node["uuid"],
                "name": f"p-{name}",
            },
        )
        made.provision(name, "manage")
    made.work()
    return made


def _names(house: House, path: str) -> list[str]:
    resource = path.partition("?")[0].rpartition("/")[2].replace("detail", "nodes")
    return [row["name"] for row in house.asked("GET", path)[resource]]


ALL = ["lent", "owned", "cloud"]
VISIBLE = {
    "admin": ALL,
    "service": ALL,
    "auditor": ALL,
    "owner's reader": ["lent", "owned"],
    "owner's manager": ["lent", "owned"],
    "lessee's member": ["lent"],
    "stranger": [],
}


@pytest.mark.parametrize("who", VISIBLE)
def test_lists_show_what_one_may_see_and_no_more(house: House, claims: Claims, who: str) -> None:
    with claims.being(who):
        for path in ("nodes?fields=name", "nodes", "nodes/detail", "nodes?resource_class=big"):
            assert _names(house, path) == VISIBLE[who], path
        ports = house.asked("GET", "ports?fields=name")["ports"]
        assert [port["name"] for port in ports] == [f"p-{name}" for name in VISIBLE[who]]
        operations = house.asked("GET", "operations?fields=node_uuid")["operations"]
        assert len(operations) == len(VISIBLE[who])


def test_pages_and_filters_keep_to_what_is_ones_own(house: House, claims: Claims) -> None:
    with claims.being("owner's reader"):
        page = house.asked("GET", "nodes?limit=1&fields=name,uuid&sort_key=name")
        assert [node["name"] for node in page["nodes"]] == ["lent"]
        page = house.asked("GET", page["next"].partition("/v1/")[2])
        assert [node["name"] for node in page["nodes"]] == ["owned"]
        assert "next" not in page
        assert _names(house, f"nodes?lessee={LESSEE}") == ["lent"]
    with claims.being("stranger"):
        assert _names(house, f"nodes?owner={OWNER}") == []
        for path in ("ports?node=lent", "operations?node=lent", "events/stream?node=lent"):
            reply = house.request("GET", path)
            assert (reply.status, reply.fault) == (404, "Node lent could not be found."), path


def test_a_refusal_names_the_rule_what_it_asks_for_and_ones_roles(
    house: House, claims: Claims
) -> None:
    with claims.being("owner's reader"):
        reply = house.request("DELETE", "nodes/lent")
    assert reply.status == 403
    assert reply.fault == (
        "Policy baremetal:node:delete refuses this. It asks for: admin. "
        f"Your roles in project {OWNER}: reader."
    )


#: {field: (a value, who may patch it)}
FIELDS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "extra": ({"a": 1}, ("admin", "owner's manager", "owner's member", "lessee's member")),
    "instance_info": ({"a": 1}, ("admin", "owner's manager", "owner's member", "lessee's member")),
    "description": ("text", ("admin", "owner's manager", "owner's member")),
    "properties": ({"a": 1}, ("admin", "owner's manager", "owner's member")),
    "lessee": (LESSEE, ("admin", "owner's manager")),
    "driver_info": ({"a": 1}, ("admin", "owner's manager")),
    "boot_interface": ("fake", ("admin", "owner's manager")),
    "maintenance": (False, ("admin", "owner's manager", "owner's member")),
    "retired": (True, ("admin", "owner's manager")),
    "owner": (OWNER, ("admin",)),
    "conductor_group": ("", ("admin",)),
    "shard": ("s", ("admin",)),
}


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_is_patched_by_those_who_may(house: House, claims: Claims, field: str) -> None:
    value, may = FIELDS[field]
    patch = [{"op": "add", "path": f"/{field}", "value": value}]
    for who in ("admin", "owner's manager", "owner's member", "owner's reader", "lessee's member"):
        with claims.being(who):
            reply = house.request("PATCH", "nodes/lent", patch)
        assert reply.status == (200 if who in may else 403), (who, reply)


#: {who: nodes of which they see how the BMC is reached}
REACH = {
    "admin": ALL,
    "auditor": ALL,
    "service": ALL,
    "owner's reader": ["lent", "owned"],
    "lessee's manager": [],
}


@pytest.mark.parametrize("who", REACH)
def test_how_a_bmc_is_reached_is_hidden_from_a_lessee(
    house: House, claims: Claims, who: str
) -> None:
    patch = [{"op": "add", "path": "/driver_info/address", "value": "bmc.example"}]
    for name in ALL:
        house.asked("PATCH", f"nodes/{name}", patch)

    def reached(node: dict[str, Any]) -> bool:
        info, internal = node["driver_info"], node["driver_internal_info"]
        assert ("hidden" in info) == ("hidden" in internal)
        return bool(info == {"address": "bmc.example"})

    with claims.being(who):
        seen = [node for node in house.asked("GET", "nodes/detail")["nodes"] if reached(node)]
        assert [node["name"] for node in seen] == REACH[who]
        fields = "fields=name,driver_info,driver_internal_info"
        seen = [node for node in house.asked("GET", f"nodes?{fields}")["nodes"] if reached(node)]
        assert [node["name"] for node in seen] == REACH[who]
        node = house.asked("GET", "nodes/lent")
        assert reached(node) == ("lent" in REACH[who])
        assert reached(house.asked("GET", f"nodes/{node['uuid']}?{fields}")) == reached(node)
    with claims.being("lessee's member"):
        patch = [{"op": "add", "path": "/extra/a", "value": "b"}]
        assert "bmc.example" not in str(house.asked("PATCH", "nodes/lent", patch))


#: What a driver says of a BMC, and what is therefore seen by those alone who see the BMC.
_TOLD = "BMC bmc.example:623 did not answer ADMINUSER."


@pytest.mark.parametrize("who", REACH)
def test_errors_that_tell_of_a_bmc_are_hidden_alike(
    house: House, claims: Claims, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_driver: FakePower, _node: Node) -> str:
        raise DriverError(_TOLD, cause=BMC_UNREACHABLE)

    monkeypatch.setattr(FakePower, "get_power_state", refuse)
    monkeypatch.setattr(stream, "_STREAM_SECONDS", 1.0)
    uuid = house.provision("lent", "adopt")
    house.work()
    node = house.row("lent")["uuid"]
    sees = "lent" in REACH[who]
    with claims.being(who):
        for path in (
            "nodes/lent",
            f"nodes/{node}?fields=last_error",
            "nodes/detail",
            "nodes?fields=last_error",
            "nodes/lent/states",
            f"operations/{uuid}",
            "operations",
            "operations?fields=error",
            "operations?fields=steps",
            "events",
            "events?node=lent",
        ):
            text = str(house.asked("GET", path))
            assert ("bmc.example" in text) == ("ADMINUSER" in text) == sees, path
        for path in ("events/stream?since=0", "events/stream?since=0&node=lent"):
            assert (_TOLD in house.heard(path)) == sees, path
        for path in (f"operations/{uuid}/autopsy", "nodes/lent/history", "nodes/lent/inventory"):
            reply = house.request("GET", path)
            assert (reply.status != 403) == sees, path
            assert "bmc.example" not in str(reply.body) or sees
        operation = house.asked("GET", f"operations/{uuid}")
        assert (operation["state"], operation["cause"]) == ("failed", BMC_UNREACHABLE)
        assert (operation["requested_by"] is not None) == sees
        assert bool(operation["steps"]) == sees
    assert _TOLD in house.row("lent")["last_error"]


@pytest.mark.parametrize("who", REACH)
def test_what_a_machine_answers_at_once_is_hidden_alike(
    house: House, claims: Claims, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise DriverError(_TOLD, cause=BMC_UNREACHABLE)

    def doubt(*_: Any) -> None:
        raise InvalidInput(_TOLD)

    for method in ("get_boot_device", "set_boot_device", "get_sensors", "inject_nmi"):
        monkeypatch.setattr(FakeManagement, method, refuse)
    monkeypatch.setattr(FakePower, "validate", doubt)
    sees = "lent" in REACH[who]
    with claims.being(who):
        for method, path, body in (
            ("GET", "nodes/lent/management/boot_device", None),
            ("PUT", "nodes/lent/management/boot_device", {"boot_device": "pxe"}),
            ("GET", "nodes/lent/sensors", None),
            ("PUT", "nodes/lent/management/inject_nmi", {}),
            ("GET", "nodes/lent/validate", None),
        ):
            reply = house.request(method, path, body)
            assert ("bmc.example" in str(reply)) == (sees and reply.status != 403), path


def test_a_lessee_sees_how_far_the_work_has_come(house: House, claims: Claims) -> None:
    """Only what tells of failures is hidden."""
    house.provision("lent", "provide")
    house.work()
    with claims.being("lessee's member"):
        uuid = house.provision("lent", "active")
        house.work()
        operation = house.asked("GET", f"operations/{uuid}")
        assert (operation["state"], operation["error"]) == ("succeeded", None)
        assert operation["requested_by"] == CALLERS["lessee's member"].name
        assert {step["state"] for step in operation["steps"]} <= {"done", "skipped"}
        assert house.asked("GET", "nodes/lent")["last_error"] is None
        assert house.asked("GET", "nodes/lent/states")["last_error"] is None


def test_a_patch_must_be_allowed_as_a_whole(house: House, claims: Claims) -> None:
    patch = [
        {"op": "add", "path": "/extra/rack", "value": "r1"},
        {"op": "add", "path": "/owner", "value": LESSEE},
    ]
    with claims.being("lessee's manager"):
        reply = house.request("PATCH", "nodes/lent", patch)
        assert (reply.status, "baremetal:node:update:owner" in reply.fault) == (403, True)
    assert house.row("lent")["extra"] == {}
    assert house.row("lent")["owner"] == OWNER


def test_a_lessee_uses_the_machine_and_its_owner_looks_after_it(
    house: House, claims: Claims
) -> None:
    with claims.being("lessee's member"):
        for verb in ("provide", "inspect", "clean", "adopt", "manage", "abort", "service"):
            reply = house.request("PUT", "nodes/lent/states/provision", {"target": verb})
            assert reply.status == 403, verb
            assert "baremetal:node:set_provision_state:prepare" in reply.fault
        reply = house.request("PUT", "nodes/owned/states/power", {"target": "power on"})
        assert reply.status == 404
    with claims.being("owner's member"):
        house.provision("lent", "provide")
        house.work()
    with claims.being("lessee's reader"):
        reply = house.request("PUT", "nodes/lent/states/provision", {"target": "active"})
        assert reply.status == 403
    with claims.being("lessee's member"):
        house.provision("lent", "active")
        house.work()
        assert house.asked("GET", "nodes/lent/states")["provision_state"] == "active"
        house.asked("PUT", "nodes/lent/states/power", {"target": "power off"})
        house.work()
        house.provision("lent", "deleted")


def test_a_port_is_added_by_those_who_manage_its_node(house: House, claims: Claims) -> None:
    body = {"address": "52:54:00:00:00:99", "node_uuid": house.row("lent")["uuid"]}
    with claims.being("stranger"):
        reply = house.request("POST", "ports", body)
        assert (reply.status, "could not be found" in reply.fault) == (400, True)
    with claims.being("lessee's manager"):
        reply = house.request("POST", "ports", body)
        assert (reply.status, "baremetal:port:create" in reply.fault) == (403, True)
    with claims.being("owner's manager"):
        port = house.asked("POST", "ports", body)["uuid"]
        to_cloud = [{"op": "replace", "path": "/node_uuid", "value": house.row("cloud")["uuid"]}]
        assert house.request("PATCH", f"ports/{port}", to_cloud).status == 400


def test_a_project_asks_for_nodes_of_its_own_alone(house: House, claims: Claims) -> None:
    for name in ALL:
        house.provision(name, "provide")
    house.work()
    with claims.being("lessee's member"):
        other = {"resource_class": "big", "owner": OWNER}
        reply = house.request("POST", "allocations", other)
        assert (reply.status, "baremetal:allocation:create" in reply.fault) == (403, True)
        found = house.asked("POST", "allocations", {"resource_class": "big"})
        assert found["owner"] == LESSEE
        assert found["node_uuid"] == house.row("lent")["uuid"]
        hidden = {"resource_class": "big", "candidate_nodes": ["cloud"]}
        assert "could not be found" in house.request("POST", "allocations", hidden).fault
        seen = house.asked("GET", "allocations")["allocations"]
        assert [row["uuid"] for row in seen] == [found["uuid"]]
    with claims.being("stranger"):
        failed = house.asked("POST", "allocations", {"resource_class": "big"})
        assert failed["state"] == "error"
        assert "lent" not in failed["last_error"].replace("lent to", "")
        assert STRANGER in failed["last_error"]
        assert len(house.asked("GET", "allocations")["allocations"]) == 1
        assert house.request("GET", f"allocations/{found['uuid']}").status == 404
    assert len(house.asked("GET", "allocations")["allocations"]) == 2


def test_a_project_hears_of_its_own_nodes_alone(house: House) -> None:
    def heard(project: str | None) -> set[str | None]:
        return {event["node_uuid"] for event in house.events.after(0, project=project)}

    lent, owned = house.row("lent")["uuid"], house.row("owned")["uuid"]
    assert heard(LESSEE) == {lent}
    assert heard(OWNER) == {lent, owned}
    assert heard(STRANGER) == set()
    assert heard(None) >= {lent, owned, house.row("cloud")["uuid"]}


def test_a_node_without_an_owner_belongs_to_nobody_who_has_no_project(
    house: House, claims: Claims
) -> None:
    nowhere = Identity("x", roles=frozenset({"reader", "member", "manager"}))
    with claims.being(nowhere):
        assert house.request("GET", "nodes").status == 403
        for name in ALL:
            assert house.request("GET", f"nodes/{name}").status == 404


def test_an_operators_file_overrides_and_is_read_again(
    sqlite_database: Database, clock: ManualClock, tmp_path: Path, claims: Claims
) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text('"baremetal:chassis:get": "role:reader"\n')
    house = House(sqlite_database, tmp_path, clock, auth=claims)
    with claims.being("stranger"):
        assert house.request("GET", "chassis").status == 200
        assert house.request("POST", "chassis", {}).status == 403
        file.write_text('"baremetal:chassis:create": "project_id:%(project_id)s"\n')
        os.utime(file, ns=(1, 1))
        house.look_at_policy()
        assert house.request("GET", "chassis").status == 403
        assert house.request("POST", "chassis", {}).status == 201
        # A file with a mistake changes nothing.
        file.write_text('"baremetal:chassis:create": "rule:nosuch"\n')
        house.look_at_policy()
        assert house.request("POST", "chassis", {}).status == 201


def test_a_file_with_a_mistake_is_refused_at_the_start(
    sqlite_database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    (tmp_path / "policy.yaml").write_text('"baremetal:chassis:create": "rule:nosuch"\n')
    with pytest.raises(InvalidInput, match=r"policy\.yaml"):
        House(sqlite_database, tmp_path, clock)


def test_a_file_binds_administrators_without_keystone_too(
    sqlite_database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    (tmp_path / "policy.yaml").write_text('"baremetal:node:delete": "!"\n')
    house = House(sqlite_database, tmp_path, clock)
    house.enrol("n")
    assert house.request("DELETE", "nodes/n").status == 403


def test_an_owner_may_be_denied_what_a_file_says(
    sqlite_database: Database, clock: ManualClock, tmp_path: Path, claims: Claims
) -> None:
    """A negation of something of the target holds for administrators as well."""
    rule = '"baremetal:node:set_power_state": "role:admin and not project_id:%(node.owner)s"\n'
    (tmp_path / "policy.yaml").write_text(rule)
    house = House(sqlite_database, tmp_path, clock, auth=claims)
    house.enrol("n", owner="admins-project")
    body = {"target": "power on"}
    assert house.request("PUT", "nodes/n/states/power", body).status == 403
    with claims.being(caller("admin", "other-project")):
        assert house.request("PUT", "nodes/n/states/power", body).status == 202
    assert CALLERS["admin"].project_id == "admins-project"
