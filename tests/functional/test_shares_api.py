"""The Shared File Systems API, request by request."""

import threading
from pathlib import Path
from typing import Any

import pytest

import baremetal.cmd.backend  # noqa: F401 - must come before anything of oslo
from baremetal.db.database import Database
from baremetal.drivers.interfaces.storage import Share
from tests.support.callers import OWNER, Claims
from tests.support.databases import *  # noqa: F403
from tests.support.share_house import ShareHouse


@pytest.fixture
def house(sqlite_database: Database, tmp_path: Path) -> ShareHouse:
    return ShareHouse(sqlite_database, tmp_path)


def _rule(to: str = "192.0.2.1", kind: str = "ip") -> dict[str, str]:
    return {"access_type": kind, "access_to": to, "access_level": "rw"}


def test_versions_are_told_and_chosen(house: ShareHouse) -> None:
    (told,) = house.good("GET", "", version="")["versions"]
    assert (told["id"], told["min_version"], told["version"]) == ("v2.0", "2.0", "2.62")
    share = house.share()["id"]
    old = house.good("GET", f"shares/{share}", version="2.0")["share"]
    assert old["export_location"] == old["export_locations"][0]
    assert old["share_type"] == "default"
    assert "progress" not in old
    new = house.good("GET", f"someproject/shares/{share}", version="latest")["share"]
    assert new["progress"] == "100%"
    assert "export_location" not in new
    assert house.ask("GET", "shares", version="2.63").status == 406
    refused = house.ask("GET", "shares", version="two")
    assert (refused.status, "badRequest" in refused.body) == (400, True)


def test_what_was_never_placed_can_only_be_deleted(house: ShareHouse) -> None:
    body = {"share": {"share_proto": "CEPHFS", "size": 1}}
    lost = house.good("POST", "shares", body)["share"]["id"]
    house.act(lost, "reset_status", status="available")
    for word, arguments in (
        ("extend", {"new_size": 2}),
        ("shrink", {"new_size": 1}),
        ("allow_access", _rule()),
    ):
        assert house.act(lost, word, **arguments).status == 400
    snapshot = {"snapshot": {"share_id": lost}}
    assert house.ask("POST", "snapshots", snapshot).status == 400
    assert house.ask("DELETE", f"shares/{lost}").status == 202
    assert house.ask("GET", f"shares/{lost}").status == 404


def test_types_bound_sizes_and_are_found_by_their_specs(house: ShareHouse) -> None:
    specs = {"driver_handles_share_servers": "False", "provisioning:min_share_size": "2"}
    specs["provisioning:max_share_size"] = "4"
    house.good("POST", "types", {"share_type": {"name": "middle", "extra_specs": specs}})
    share = house.share(size=3, share_type="middle", name="m")["id"]
    house.share(name="other")
    body = {"share": {"share_proto": "NFS", "size": 5, "share_type": "middle"}}
    assert "2 to 4 GiB" in house.ask("POST", "shares", body).fault
    assert "2 to 4 GiB" in house.act(share, "extend", new_size=5).fault
    assert "2 to 4 GiB" in house.act(share, "shrink", new_size=1).fault
    query = "extra_specs={'provisioning:max_share_size':'4'}"
    found = house.good("GET", f"shares?{query}")["shares"]
    assert [one["name"] for one in found] == ["m"]
    wrong = {"extra_specs": {"provisioning:max_share_size": "much"}}
    assert house.ask("POST", "types/middle/extra_specs", wrong).status == 400


def test_metadata_is_found_as_it_stands(house: ShareHouse) -> None:
    one = house.share(name="one", metadata={"a_b": "100%"})["id"]
    house.share(name="two", metadata={"axb": "100%"})
    found = house.good("GET", "shares?metadata={'a_b':'100%25'}&with_count=true")
    assert ([share["name"] for share in found["shares"]], found["count"]) == (["one"], 1)
    assert house.good("GET", "shares?name~=o_e")["shares"] == []
    house.good("PUT", f"shares/{one}/metadata/c", {"meta": {"c": "d"}})
    assert house.ask("DELETE", f"shares/{one}/metadata/a_b").status == 200
    assert house.good("GET", f"shares/{one}/metadata") == {"metadata": {"c": "d"}}


def test_limits_of_a_project_a_user_and_a_type(house: ShareHouse) -> None:
    body = {"quota_set": {"gigabytes": 10, "shares": 5}}
    assert house.good("PUT", "quota-sets/default", body)["quota_set"]["gigabytes"] == 10
    too_many = {"quota_set": {"gigabytes": 11}}
    assert house.ask("PUT", "quota-sets/default?user_id=u", too_many).status == 400
    house.good("PUT", "quota-sets/default?share_type=default", {"quota_set": {"gigabytes": 3}})
    share = house.share(size=2)["id"]
    refused = house.act(share, "extend", new_size=4)
    assert (refused.status, "2 of 3 in use" in refused.fault) == (413, True)
    assert house.good("GET", f"shares/{share}")["share"]["size"] == 2
    detail = house.good("GET", "quota-sets/default/detail?share_type=default")["quota_set"]
    assert detail["gigabytes"] == {"limit": 3, "in_use": 2, "reserved": 0}
    assert house.ask("PUT", "quota-sets/default", {"quota_set": {"nosuch": 1}}).status == 400
    assert house.ask("PUT", f"quota-sets/{'p' * 256}", {"quota_set": {"shares": 1}}).status == 400
    house.ask("DELETE", "quota-sets/default?share_type=default")
    assert house.act(share, "extend", new_size=4).status == 202
    assert house.good("GET", f"shares/{share}")["share"]["size"] == 4


def test_a_refused_rule_says_why_and_others_stay(house: ShareHouse) -> None:
    share = house.share()["id"]
    house.act(share, "allow_access", **_rule())
    assert house.act(share, "allow_access", **_rule("alice", "user")).status == 200
    cert = house.act(share, "allow_access", **_rule("alice", "cert"))
    listed = house.good("GET", f"share-access-rules?share_id={share}")["access_list"]
    states = {one["access_type"]: one["state"] for one in listed}
    assert states == {"ip": "active", "user": "active", "cert": "error"}
    (message,) = house.good("GET", f"messages?resource_id={share}")["messages"]
    assert cert.body["access"]["id"] in message["user_message"]
    assert (message["action_id"], message["detail_id"]) == ("010", "021")
    since = "created_since=2020-01-01 00:00:00"
    assert len(house.good("GET", f"messages?{since.replace(' ', '%20')}")["messages"]) == 1
    assert house.good("GET", "messages?created_before=2020-01-01")["messages"] == []
    assert house.ask("GET", "messages?created_before=yesterday").status == 400


def test_who_waits_is_answered_when_the_server_enforces_it(house: ShareHouse) -> None:
    share = house.share()["id"]
    there = f"shares/{share}/action?wait=applied"
    done = threading.Event()

    def work() -> None:
        while not done.wait(0.01):
            house.work_on_shares()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        rule = house.good("POST", there, {"allow_access": _rule()})["access"]
        assert rule["state"] == "active"
        assert house.ask("POST", there, {"deny_access": {"access_id": rule["id"]}}).status == 204
    finally:
        done.set()
        worker.join()
    assert house.ask("POST", there.replace("applied", "soon"), {"allow_access": {}}).status == 400


def test_a_snapshot_that_comes_meanwhile_keeps_its_share(house: ShareHouse) -> None:
    share = house.share()["id"]
    body = {"snapshot": {"share_id": share, "name": "s"}}
    snapshot = house.good("POST", "snapshots", body)["snapshot"]["id"]
    assert "has 1 snapshots" in house.ask("DELETE", f"shares/{share}").fault
    for query, count in (("name~=s", 1), ("name~=_", 0), ("size=1", 1), ("share_id=x", 0)):
        assert len(house.good("GET", f"snapshots?{query}")["snapshots"]) == count
    assert house.ask("GET", "snapshots?size=large").status == 400
    # It is still in the making: that stops, and nothing of it stays.
    assert house.ask("POST", f"snapshots/{snapshot}/action", {"force_delete": None}).status == 202
    house.work_on_shares()
    assert house.ask("GET", f"snapshots/{snapshot}").status == 404
    assert house.ask("DELETE", f"shares/{share}").status == 202
    house.work_on_shares()
    assert house.ask("GET", f"shares/{share}").status == 404


def test_what_was_changed_at_a_server_by_hand_is_mended(house: ShareHouse) -> None:
    share = house.share()["id"]
    house.act(share, "allow_access", **_rule())
    row = house.shares._shares.row(share)
    export, known = house.shares._backends.all["fake"].export, Share(row["instance_uuid"], 1)
    reconciler = house.shares._reconciler
    assert reconciler.go_round() == 0
    export.update_access(known, [])
    assert reconciler.go_round() == 1
    assert [grant.to for grant in export.enforced(known)] == ["192.0.2.1/32"]
    export.remove(known)
    # One that cannot be mended hinders no other, and is tried again.
    lost = house.share()["id"]
    with house.db.write() as tx:
        tx.exec_driver_sql(f"UPDATE shares SET instance_uuid = '/' WHERE uuid = '{lost}'")
    assert (reconciler.go_round(), reconciler.go_round()) == (1, 0)
    assert reconciler._failed == {lost}
    assert [grant.to for grant in export.enforced(known)] == ["192.0.2.1/32"]


def test_owners_of_a_share_see_what_is_done_with_it(
    sqlite_database: Database, tmp_path: Path
) -> None:
    claims = Claims()
    house = ShareHouse(sqlite_database, tmp_path, claims)
    with claims.being("owner's member"):
        made = house.good("POST", "shares", {"share": {"share_proto": "NFS", "size": 1}})["share"]
        assert made["project_id"] == OWNER
        (found,) = house.asked("GET", "operations")["operations"]
        assert (found["kind"], found["resource_uuid"]) == ("share_create", made["id"])
        assert house.request("POST", f"operations/{found['uuid']}/cancel").status == 403
    with claims.being("stranger"):
        assert house.asked("GET", "operations")["operations"] == []
        assert house.request("GET", f"operations/{found['uuid']}").status == 404


def test_services_are_switched(house: ShareHouse) -> None:
    (service,) = house.good("GET", "services")["services"]
    body: dict[str, Any] = {"host": service["host"], "binary": service["binary"]}
    assert house.ask("PUT", "services/disable", {**body, "disabled_reason": 5}).status == 400
    house.good("PUT", "services/disable", {**body, "disabled_reason": "repair"})
    lost = {"share": {"share_proto": "NFS", "size": 1}}
    assert house.good("POST", "shares", lost)["share"]["status"] == "error"
    (message,) = house.good("GET", "messages")["messages"]
    assert "disabled by an administrator" in message["user_message"]
    house.good("PUT", "services/enable", body)
    assert house.share()["host"] == "house@fake#fake"
