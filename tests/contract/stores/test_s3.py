"""S3, on moto."""

import os
from pathlib import Path

import pytest

from baremetal.domain.errors import InvalidInput, NotFound, Unavailable
from baremetal.motion import Wishes, transfer
from baremetal.motion import checkpoint as checkpoints
from baremetal.stores import DataObject, locate
from baremetal.stores.backends.s3 import S3Store
from baremetal.stores.conformance import Bench, Case
from devstack.moto import MotoServer
from tests.support.stores import cut_and_resumed

_MIB = 1 << 20


@pytest.fixture(scope="module")
def store(moto: MotoServer) -> S3Store:
    store = S3Store({**moto.settings, "part_mib": "5"})
    store.client.create_bucket(Bucket="images")
    return store


@pytest.fixture
def bench(store: S3Store) -> Bench:
    return Bench(store, prefix="images/", believes_all=True)


def test_it_keeps_its_promises(store_case: Case, bench: Bench) -> None:
    store_case(bench)


def _uploads(store: S3Store) -> list[str]:
    said = store.client.list_multipart_uploads(Bucket="images")
    return [upload["Key"] for upload in said.get("Uploads", ())]


def test_a_file_goes_there_and_back_in_parts(store: S3Store, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(os.urandom(17 * _MIB + 5))
    there = DataObject(store, "images/there")
    up = transfer(locate(str(tmp_path / "a")), there, Wishes(hashes=("sha256",)))
    down = transfer(there, locate(str(tmp_path / "b")), Wishes(expected=up.digests))
    assert (up.strategy, down.strategy) == ("parallel ranges", "parallel ranges")
    assert (tmp_path / "b").read_bytes() == (tmp_path / "a").read_bytes()
    copied = transfer(there, DataObject(store, "images/copied"), Wishes(expected=up.digests))
    assert copied.strategy == "server copy"
    assert _uploads(store) == []


@pytest.mark.parametrize("workers", [1, 3])
def test_an_interrupted_upload_goes_on(
    store: S3Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setattr(checkpoints, "_SECONDS", 0.0)
    path, note = tmp_path / "a", tmp_path / "note"
    path.write_bytes(os.urandom(40 * _MIB))
    there = DataObject(store, f"images/interrupted-{workers}")
    wishes = Wishes(hashes=("sha256",), checkpoint=note, retries=0, concurrency=workers)

    def one_has_begun() -> None:
        assert _uploads(store) == [f"interrupted-{workers}"]

    done = cut_and_resumed(there, path, wishes, 33 * _MIB, one_has_begun)
    # Of several parts under way, only those after which none is missing count.
    assert done.resumed_from >= (15 if workers == 1 else 5) * _MIB
    back = transfer(there, locate(str(tmp_path / "b")), Wishes(expected=done.digests))
    assert back.size == 40 * _MIB
    assert (tmp_path / "b").read_bytes() == path.read_bytes()
    assert _uploads(store) == []


def test_a_failed_upload_leaves_no_parts(store: S3Store, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(os.urandom(12 * _MIB))
    with pytest.raises(Exception, match="sha256 should be"):
        transfer(
            locate(str(path)), DataObject(store, "images/bad"), Wishes(expected={"sha256": "0"})
        )
    assert _uploads(store) == []
    assert not list(store.list("images/bad"))


def test_settings_and_names_are_checked(store: S3Store) -> None:
    with pytest.raises(InvalidInput, match=r"s3/endpoint must be an http.*s3/part_mib must be"):
        S3Store({"endpoint": "s3.example.org", "part_mib": "1"})
    with pytest.raises(InvalidInput, match="s3://bucket/key is"):
        store.stat("images")
    with pytest.raises(InvalidInput, match="set s3/part_mib to 105 or more"):
        store.write("images/x", size=1 << 40)
    with pytest.raises(NotFound):
        store.stat("nowhere/x")
    assert "s3cret" not in repr(store.settings)


def test_a_service_that_is_away_may_come_back() -> None:
    store = S3Store({"endpoint": "http://127.0.0.1:1", "access_key": "a", "secret_key": "b"})
    with pytest.raises(Unavailable, match="EndpointConnectionError"):
        store.stat("images/x")
