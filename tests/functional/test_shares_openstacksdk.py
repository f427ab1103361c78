"""openstacksdk's shared file system proxy, unchanged, does what its users call."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from openstack.config import OpenStackConfig
from openstack.connection import Connection
from openstack.exceptions import (
    BadRequestException,
    ConflictException,
    HttpException,
    NotFoundException,
)

from tests.support.plane import PlaneProcess

#: The SDK warns of its own future.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]

_SECONDS = 60


@pytest.fixture(scope="module")
def connection(guarded_plane: PlaneProcess) -> Iterator[Connection]:
    config = OpenStackConfig(config_files=[str(guarded_plane.clouds)], load_envvars=False)
    with Connection(config=config.get_one("baremetal")) as connected:
        connected.shared_file_system.status_code_retries = 0
        connected.shared_file_system.default_microversion = "2.62"
        yield connected


@pytest.fixture
def proxy(connection: Connection) -> Iterator[Any]:
    """The SDK's proxy; what a test leaves behind is removed."""
    found: Any = connection.shared_file_system
    yield found
    for snapshot in list(found.share_snapshots()):
        found.delete_share_snapshot(snapshot)
        found.wait_for_delete(snapshot, interval=0.05, wait=_SECONDS)
    for share in list(found.shares()):
        found.delete_share(share)
        found.wait_for_delete(share, interval=0.05, wait=_SECONDS)


def _available(proxy: Any, share: Any) -> Any:
    # What the caller has may be of before.
    fresh = share.fetch(proxy)
    return proxy.wait_for_status(fresh, "available", ["error"], interval=0.05, wait=_SECONDS)


def _create(proxy: Any, **values: Any) -> Any:
    share = proxy.create_share(**{"share_protocol": "NFS", "size": 1, "name": "s", **values})
    assert share.status == "creating"
    return _available(proxy, share)


def test_a_share_lives(proxy: Any) -> None:
    share = _create(proxy, metadata={"a": "b"})
    assert (share.size, share.share_type_name, share.metadata) == (1, "default", {"a": "b"})
    assert share.is_snapshot_supported
    (location,) = proxy.export_locations(share.id)
    assert location.path.startswith("fake.example.org:/shares/")
    rule = proxy.create_access_rule(
        share.id, access_type="ip", access_to="192.0.2.0/24", access_level="rw"
    )
    _until(lambda: proxy.get_access_rule(rule.id).state == "active")
    assert [one.access_to for one in proxy.access_rules(share)] == ["192.0.2.0/24"]
    _until(lambda: proxy.get_share(share.id).access_rules_status == "active")
    snapshot = proxy.create_share_snapshot(share_id=share.id, name="n")
    _available(proxy, snapshot)
    with pytest.raises(ConflictException, match="has 1 snapshots"):
        proxy.delete_share(share)
    proxy.revert_share_to_snapshot(share, snapshot.id)
    _available(proxy, share)
    copy = _clone(proxy, snapshot)
    assert copy.snapshot_id == snapshot.id
    proxy.delete_access_rule(rule.id, share.id)
    _until(lambda: not list(proxy.access_rules(share)))
    proxy.resize_share(share.id, 3)
    assert _available(proxy, share).size == 3
    proxy.resize_share(share.id, 2)
    assert _available(proxy, share).size == 2
    proxy.delete_share_snapshot(snapshot)
    proxy.wait_for_delete(snapshot, interval=0.05, wait=_SECONDS)
    proxy.delete_share(share)
    proxy.wait_for_delete(share, interval=0.05, wait=_SECONDS)
    with pytest.raises(NotFoundException):
        proxy.get_share(share.id)


def _clone(proxy: Any, snapshot: Any) -> Any:
    share = proxy.create_share(share_protocol="NFS", size=1, snapshot_id=snapshot.id)
    assert share.status == "creating_from_snapshot"
    return _available(proxy, share)


def _until(done: Any) -> None:
    deadline = time.monotonic() + _SECONDS
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_finds_no_place_says_why(proxy: Any) -> None:
    share = proxy.create_share(share_protocol="CEPHFS", size=1, name="alien")
    assert proxy.get_share(share.id).status == "error"
    (message,) = proxy.user_messages(resource_id=share.id)
    assert "Of 1 pool: none that speak CEPHFS" in message.user_message
    assert message.user_message.endswith("What would do: ask for NFS.")


def test_what_is_wrong_is_refused(proxy: Any) -> None:
    with pytest.raises(HttpException, match="Quota exceeded for gigabytes"):
        proxy.create_share(share_protocol="NFS", size=1001)
    with pytest.raises(BadRequestException, match="share_proto"):
        proxy.create_share(share_protocol="FTP", size=1)
    with pytest.raises(NotFoundException, match="nosuch"):
        proxy.create_share(share_protocol="NFS", size=1, share_type="nosuch")
    share = _create(proxy)
    with pytest.raises(BadRequestException, match="no address"):
        proxy.create_access_rule(
            share.id, access_type="ip", access_to="everybody", access_level="rw"
        )


def test_lists_are_filtered_and_paged(proxy: Any) -> None:
    for number in range(3):
        _create(proxy, name=f"n{number}", metadata={"number": str(number)})
    assert {one.name for one in proxy.shares()} == {"n0", "n1", "n2"}
    assert [one.name for one in proxy.shares(name="n1")] == ["n1"]
    listed = proxy.shares(sort_key="name", sort_dir="asc", limit=2)
    assert [one.name for one in listed] == ["n0", "n1", "n2"]
    listed = proxy.shares(sort_key="name", sort_dir="desc", limit=1)
    assert [one.name for one in listed] == ["n2", "n1", "n0"]


def test_the_cloud_is_told(proxy: Any) -> None:
    assert [zone.name for zone in proxy.availability_zones()] == ["nova"]
    (pool,) = proxy.storage_pools()
    assert pool.capabilities["storage_protocol"] == "NFS"
