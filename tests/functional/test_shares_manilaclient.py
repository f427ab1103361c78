"""python-manilaclient, unchanged, does what its users call."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from keystoneauth1 import http_basic
from keystoneauth1.session import Session
from manilaclient import client, exceptions

from tests.support.asking import wait_until
from tests.support.plane import PlaneProcess

#: The client warns of its libraries' future.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]

_PROJECT = "default"


@pytest.fixture
def manila(guarded_plane: PlaneProcess) -> Iterator[Any]:
    """The client; what a test leaves behind is removed."""
    assert guarded_plane.credentials is not None
    user, password = guarded_plane.credentials
    url = f"{guarded_plane.root_url}/share/v2"
    proof = http_basic.HTTPBasicAuth(endpoint=url, username=user, password=password)
    made: Any = client.Client("2.62", session=Session(auth=proof), service_catalog_url=url)
    yield made
    for share in made.shares.list():
        made.shares.delete(share)
    wait_until(lambda: not made.shares.list())
    made.quotas.delete(_PROJECT)


def _available(get: Callable[[str], Any], thing: Any) -> Any:
    def look() -> Any:
        found = get(thing.id)
        assert "error" not in found.status, found
        return found if found.status == "available" else None

    return wait_until(look)


def test_a_share_lives(manila: Any) -> None:
    shares, snapshots = manila.shares, manila.share_snapshots
    share = shares.create("NFS", 1, name="m", metadata={"a": "b"})
    share = _available(shares.get, share)
    assert (share.name, share.share_type_name, share.metadata) == ("m", "default", {"a": "b"})
    shares.update(share, display_name="n", display_description="d")
    manila.shares.set_metadata(share, {"c": "d"})
    assert (shares.get(share).name, shares.get_metadata(share).to_dict()) == (
        "n",
        {"a": "b", "c": "d"},
    )
    (location,) = manila.share_export_locations.list(share)
    assert manila.share_export_locations.get(share, location.id).path == location.path
    rule = shares.allow(share, "ip", "192.0.2.0/24", "ro", metadata={"who": "me"})
    wait_until(lambda: manila.share_access_rules.get(rule["id"]).state == "active")
    assert [one.access_to for one in manila.share_access_rules.access_list(share)] == [
        "192.0.2.0/24"
    ]
    manila.share_access_rules.set_metadata(rule["id"], {"why": "so"})
    assert manila.share_access_rules.get(rule["id"]).metadata == {"who": "me", "why": "so"}
    snapshot = _available(snapshots.get, snapshots.create(share, name="s"))
    shares.revert_to_snapshot(share, snapshot)
    _available(shares.get, share)
    with pytest.raises(exceptions.Conflict, match="has 1 snapshots"):
        shares.delete(share)
    snapshots.delete(snapshot)
    wait_until(lambda: not snapshots.list())
    shares.deny(share, rule["id"])
    wait_until(lambda: not manila.share_access_rules.access_list(share))
    shares.extend(share, 3)
    assert _available(shares.get, share).size == 3
    shares.shrink(share, 2)
    assert _available(shares.get, share).size == 2
    (instance,) = shares.list_instances(share)
    assert manila.share_instances.get(instance.id).share_id == share.id
    shares.reset_state(share, "error")
    assert shares.get(share).status == "error"
    shares.force_delete(share)
    wait_until(lambda: not shares.list())


def test_types_quotas_and_what_the_cloud_tells(manila: Any) -> None:
    kind = manila.share_types.create("gold", False, is_public=False, description="dear")
    kind.set_keys({"provisioning:max_share_size": "5"})
    manila.share_type_access.add_project_access(kind, _PROJECT)
    assert [one.project_id for one in manila.share_type_access.list(kind)] == [_PROJECT]
    assert {one.name for one in manila.share_types.list()} == {"default", "gold"}
    with pytest.raises(exceptions.BadRequest, match="1 to 5 GiB"):
        manila.shares.create("NFS", 6, share_type="gold")
    manila.quotas.update(_PROJECT, gigabytes=4)
    manila.quotas.update(_PROJECT, share_type="gold", shares=1)
    share = _available(manila.shares.get, manila.shares.create("NFS", 3, share_type="gold"))
    refused = exceptions.RequestEntityTooLarge
    with pytest.raises(refused, match="for shares: 1 asked for, 1 of 1"):
        manila.shares.create("NFS", 1, share_type="gold")
    with pytest.raises(refused, match="for gigabytes: 2 asked for, 3 of 4"):
        manila.shares.create("NFS", 2)
    assert manila.quotas.get(_PROJECT, detail=True).gigabytes["in_use"] == 3
    assert manila.quotas.get(_PROJECT, share_type="gold").shares == 1
    absolute = {limit.name: limit.value for limit in manila.limits.get().absolute}
    assert (absolute["maxTotalShareGigabytes"], absolute["totalSharesUsed"]) == (4, 1)
    manila.shares.delete(share)
    wait_until(lambda: not manila.shares.list())
    manila.quotas.delete(_PROJECT, share_type="gold")
    manila.share_types.delete(kind)
    (pool,) = manila.pools.list(detailed=True)
    (service,) = manila.services.list()
    assert (service.state, service.host) == ("up", pool.name.partition("#")[0])
    assert [zone.name for zone in manila.availability_zones.list()] == ["nova"]
    assert manila.share_networks.list() == []
