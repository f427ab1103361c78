"""S3 on Ceph's gateway, which checks signatures, unlike moto."""

import os
from pathlib import Path

import pytest

from baremetal.motion import Wishes, transfer
from baremetal.stores import DataObject, locate
from baremetal.stores.backends.s3 import S3Store
from baremetal.stores.conformance import Bench, Case
from baremetal.stores.errors import AccessRefused
from devstack.ceph import CephCluster


@pytest.fixture(scope="module")
def gateway(ceph: CephCluster) -> CephCluster:
    ceph.start_gateway()
    return ceph


@pytest.fixture(scope="module")
def store(gateway: CephCluster) -> S3Store:
    store = S3Store({**gateway.s3_settings, "part_mib": "5"})
    store.client.create_bucket(Bucket="images")
    return store


def test_it_keeps_its_promises(store_case: Case, store: S3Store) -> None:
    store_case(Bench(store, prefix="images/"))


def test_parts_go_there_and_back(store: S3Store, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(os.urandom(12 << 20))
    there = DataObject(store, "images/there")
    up = transfer(locate(str(tmp_path / "a")), there, Wishes(hashes=("sha256",)))
    transfer(there, locate(str(tmp_path / "b")), Wishes(expected=up.digests))
    done = transfer(there, DataObject(store, "images/copied"), Wishes(expected=up.digests))
    assert done.strategy == "server copy"


def test_a_wrong_secret_is_refused(gateway: CephCluster, store: S3Store) -> None:
    wrong = S3Store({**gateway.s3_settings, "secret_key": "wrong-secret"})
    with pytest.raises(AccessRefused, match="403") as caught:
        wrong.stat("images/there")
    assert "wrong-secret" not in str(caught.value)
