"""Swift: proxy, account, container and object server."""

import os
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import pytest

import baremetal.cmd.backend  # noqa: F401 - must come before anything of oslo
from baremetal.clock import Clock
from baremetal.db.database import Database
from baremetal.db.images import ImageStore
from baremetal.domain.errors import InvalidInput
from baremetal.images.keeper import Keeper
from baremetal.images.shelves import Shelves
from baremetal.motion import Wishes, transfer
from baremetal.motion import checkpoint as checkpoints
from baremetal.stores import DataObject, locate
from baremetal.stores.backends import swift_writer
from baremetal.stores.backends.swift import SwiftStore
from baremetal.stores.conformance import Bench, Case
from baremetal.stores.errors import AccessRefused
from devstack.swift import SwiftServer
from tests.support.house import House
from tests.support.stores import cut_and_resumed

_MIB = 1 << 20


@pytest.fixture(scope="module")
def store(swift: SwiftServer) -> SwiftStore:
    store = SwiftStore({**swift.settings, "part_mib": "1"})
    store.must("POST", "", {"x-account-meta-temp-url-key": "a-key-for-urls"})
    store.must("PUT", "images")
    return store


@pytest.fixture
def bench(store: SwiftStore) -> Bench:
    return Bench(store, prefix="images/")


def test_it_keeps_its_promises(store_case: Case, bench: Bench) -> None:
    store_case(bench)


def _parts(store: SwiftStore) -> list[str]:
    return [row["name"] for row in store.rows("images", swift_writer.ASIDE)]


def test_a_large_object_goes_there_and_back(store: SwiftStore, tmp_path: Path) -> None:
    before = set(_parts(store))
    (tmp_path / "a").write_bytes(os.urandom(5 * _MIB + 5))
    there = DataObject(store, "images/large")
    up = transfer(locate(str(tmp_path / "a")), there, Wishes(hashes=("sha256",)))
    assert len(set(_parts(store)) - before) == 6
    down = transfer(there, locate(str(tmp_path / "b")), Wishes(expected=up.digests))
    assert (up.strategy, down.strategy) == ("parallel ranges", "parallel ranges")
    copied = transfer(there, DataObject(store, "images/copied"), Wishes(expected=up.digests))
    assert copied.strategy == "server copy"
    store.delete("images/large")
    assert set(_parts(store)) == before, "its parts go with it"
    assert store.stat("images/copied").size == 5 * _MIB + 5


def test_manifests_of_manifests(
    store: SwiftStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(swift_writer, "_MOST", 3)
    before = set(_parts(store))
    (tmp_path / "a").write_bytes(os.urandom(7 * _MIB))
    there = DataObject(store, "images/huge")
    up = transfer(locate(str(tmp_path / "a")), there, Wishes(hashes=("sha256",)))
    transfer(there, locate(str(tmp_path / "b")), Wishes(expected=up.digests))
    store.delete("images/huge")
    assert set(_parts(store)) == before


def test_an_interrupted_upload_goes_on(
    store: SwiftStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "_SECONDS", 0.0)
    monkeypatch.setattr(checkpoints, "_BYTES", _MIB)
    before = set(_parts(store))
    path, note = tmp_path / "a", tmp_path / "note"
    path.write_bytes(os.urandom(8 * _MIB))
    there = DataObject(store, "images/interrupted")
    wishes = Wishes(hashes=("sha256",), checkpoint=note, retries=0, concurrency=2)
    done = cut_and_resumed(there, path, wishes, 6 * _MIB)
    assert done.resumed_from >= 2 * _MIB
    transfer(there, locate(str(tmp_path / "b")), Wishes(expected=done.digests))
    store.delete(there.name)
    assert set(_parts(store)) == before


def test_who_may_not_is_told(swift: SwiftServer, store: SwiftStore) -> None:
    wrong = SwiftStore({**swift.settings, "password": "wrong-one"})
    with pytest.raises(AccessRefused, match="gives images:writer no token: 401") as caught:
        wrong.stat("images/x")
    assert "wrong-one" not in str(caught.value) + repr(wrong.settings)
    with pytest.raises(InvalidInput, match="swift/auth_url is missing"):
        SwiftStore({})
    with pytest.raises(InvalidInput, match="swift://container/object is"):
        store.stat("images")


def test_a_token_that_has_expired_is_renewed(store: SwiftStore) -> None:
    bench = Bench(store, prefix="images/")
    name = bench.put("renewed", b"x")
    store._session.token = "stale"
    assert bench.get(name) == b"x"


def test_whoever_has_a_ticket_reads_an_image_of_swift_itself(
    swift: SwiftServer, store: SwiftStore, sqlite_database: Database, tmp_path: Path
) -> None:
    store.must("PUT", "tickets")
    lines = ["[images]", "ticket_seconds = 600", "stores = far", "default_store = far"]
    lines += ["[store:far]", "driver = swift", "prefix = tickets/", "signed_urls = true"]
    lines += [f"{name} = {value}" for name, value in swift.settings.items()]
    house = House(sqlite_database, tmp_path, Clock(), configuration="\n".join(lines))
    formats = {"disk_format": "raw", "container_format": "bare"}
    uuid = house.asked("POST", "/image/v2/images", formats)["id"]
    keeper = Keeper(house.db, Shelves(house.conf), house.clock)
    keeper.upload(ImageStore(house.db).row(uuid), [b"an image"], "far", 8)
    given = house.asked("POST", f"/image/v2/images/{uuid}/tickets", {"seconds": 60})
    assert (given["store"], given["size"]) == ("far", 8)
    with urllib.request.urlopen(given["url"], timeout=60) as answer:
        assert answer.read() == b"an image"
    forged = given["url"].replace("temp_url_sig=", "temp_url_sig=0")
    with pytest.raises(HTTPError, match="401"):
        urllib.request.urlopen(forged, timeout=60)
