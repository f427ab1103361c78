"""LUNs with CHAP, on tgt; no kernel initiator takes part."""

import hashlib
import os
import random
import subprocess
import threading
from pathlib import Path

import pytest

from baremetal.domain.errors import InvalidInput, Unavailable
from baremetal.motion import Cancelled, Progress, Wishes, transfer
from baremetal.motion import checkpoint as checkpoints
from baremetal.stores import DataObject, locate
from baremetal.stores.backends.iscsi import IscsiStore
from baremetal.stores.conformance import Bench, Case
from baremetal.stores.errors import StoreError, StoreFull
from devstack.tgt import TgtServer
from tests.support.stores import DistantStore

_MIB = 1 << 20


@pytest.fixture(scope="module")
def bench(tgt: TgtServer) -> Bench:
    return Bench(IscsiStore(tgt.settings), only=tgt.add_disk(24 * _MIB)[0])


def test_it_keeps_its_promises(store_case: Case, bench: Bench) -> None:
    store_case(bench)


@pytest.mark.parametrize(
    ("hashes", "strategy"), [((), "qemu convert"), (("sha256",), "parallel ranges")]
)
def test_an_image_arrives_on_a_lun(
    tgt: TgtServer, tmp_path: Path, hashes: tuple[str, ...], strategy: str
) -> None:
    name, behind = tgt.add_disk(32 * _MIB)
    behind.write_bytes(b"old!" * (8 * _MIB))
    disk, image = tmp_path / "disk", tmp_path / "image.qcow2"
    with disk.open("wb") as file:
        file.truncate(30 * _MIB)
        for at in (0, 17 * _MIB):
            file.seek(at)
            file.write(random.Random(at).randbytes(2 * _MIB))
    command = ["qemu-img", "convert", "-f", "raw", "-O", "qcow2", str(disk), str(image)]
    subprocess.run(command, check=True)
    target = locate(f"iscsi://{tgt.user}:{tgt.password}@127.0.0.1:{tgt.port}/{name}")
    told: list[Progress] = []
    promised = hashlib.sha256(image.read_bytes()).hexdigest()
    wishes = Wishes(target_format="raw", hashes=hashes, expected={"sha256": promised})
    done = transfer(locate(str(image)), target, wishes, progress=told.append)
    data = disk.read_bytes()
    assert done.strategy == strategy
    assert told[-1].done == told[-1].total == 30 * _MIB
    assert behind.read_bytes()[: len(data)] == data, "old bytes in the holes are gone"
    if hashes:
        assert done.digests["sha256"] == hashlib.sha256(data).hexdigest()
    assert tgt.password not in str(target) + repr(target) + repr(target.store.settings)
    back = transfer(target, locate(str(tmp_path / "back")), Wishes(concurrency=3))
    assert back.size == 32 * _MIB
    assert (tmp_path / "back").read_bytes()[: len(data)] == data


def test_no_secret_is_in_the_list_of_processes(tgt: TgtServer) -> None:
    store = IscsiStore(tgt.settings)
    name, _ = tgt.add_disk(4 * _MIB)
    with store.open(name) as export:
        assert export.size == 4 * _MIB
        ours = [
            path.read_bytes()
            for path in Path("/proc").glob("[0-9]*/cmdline")
            if path.exists() and b"qemu-nbd" in path.read_bytes()
        ]
        assert any(name.rpartition("/")[0].encode() in line for line in ours)
        assert not any(tgt.password.encode() in line for line in ours)


def test_a_wrong_password_is_refused(tgt: TgtServer) -> None:
    name, _ = tgt.add_disk(4 * _MIB)
    wrong = IscsiStore({**tgt.settings, "password": "wrong-wrong-wrong"})
    with pytest.raises(StoreError, match="QEMU cannot open it") as caught:
        wrong.stat(name)
    assert "wrong-wrong" not in str(caught.value)


def test_what_does_not_fit_is_refused(tgt: TgtServer, tmp_path: Path) -> None:
    name, behind = tgt.add_disk(4 * _MIB)
    path = tmp_path / "big"
    path.write_bytes(b"x" * (5 * _MIB))
    target = DataObject(IscsiStore(tgt.settings), name)
    with pytest.raises(StoreFull, match="has 4194304 bytes; 5242880 do not fit"):
        transfer(locate(str(path)), target)
    assert not any(behind.read_bytes())


def test_an_interrupted_copy_goes_on(
    tgt: TgtServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "_SECONDS", 0.0)
    name, behind = tgt.add_disk(40 * _MIB)
    path, note, store = tmp_path / "a", tmp_path / "note", DistantStore()
    path.write_bytes(os.urandom(40 * _MIB))
    cancel = threading.Event()
    store.before_piece = lambda at: cancel.set() if at > 30 * _MIB else None
    target = DataObject(IscsiStore(tgt.settings), name)
    wishes = Wishes(checkpoint=note, concurrency=1)
    with pytest.raises(Cancelled):
        transfer(DataObject(store, str(path)), target, wishes, cancel=cancel)
    done = transfer(DataObject(DistantStore(), str(path)), target, wishes)
    assert done.resumed_from >= 16 * _MIB
    assert behind.read_bytes() == path.read_bytes()


def test_a_portal_that_is_away_is_told(tgt: TgtServer) -> None:
    store = IscsiStore({**tgt.settings, "portal": "127.0.0.1:1"})
    with pytest.raises((StoreError, Unavailable), match=r"(?i)connect"):
        store.stat("iqn.2026-01.org.example:disk1/1")
    with pytest.raises(InvalidInput, match="is no LUN; iscsi://host"):
        store.stat("iqn.2026-01.org.example:disk1")
    with pytest.raises(InvalidInput, match="iscsi/portal is missing"):
        IscsiStore({})
