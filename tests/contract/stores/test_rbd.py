"""Ceph's block devices, on a cluster of one."""

import os
import random
import subprocess
from pathlib import Path

import pytest

from baremetal.domain.errors import InvalidInput, NotFound, Unavailable
from baremetal.motion import Wishes, transfer
from baremetal.motion import checkpoint as checkpoints
from baremetal.stores import DataObject, locate
from baremetal.stores.backends.rbd import RbdStore
from baremetal.stores.conformance import Bench, Case
from baremetal.stores.errors import StoreError
from devstack.ceph import CephCluster
from tests.support.stores import cut_and_resumed

_MIB = 1 << 20


@pytest.fixture(scope="module")
def store(ceph: CephCluster) -> RbdStore:
    return RbdStore(ceph.settings)


def test_it_keeps_its_promises(store_case: Case, store: RbdStore) -> None:
    store_case(Bench(store, prefix="images/"))


def test_an_image_arrives_and_is_cloned(store: RbdStore, ceph: CephCluster, tmp_path: Path) -> None:
    disk, image = tmp_path / "disk", tmp_path / "image.qcow2"
    with disk.open("wb") as file:
        file.truncate(64 * _MIB)
        file.seek(30 * _MIB)
        file.write(random.Random(1).randbytes(3 * _MIB))
    command = ["qemu-img", "convert", "-f", "raw", "-O", "qcow2", str(disk), str(image)]
    subprocess.run(command, check=True)
    there = DataObject(store, "images/golden")
    up = transfer(locate(str(image)), there, Wishes(target_format="raw", hashes=("sha256",)))
    by_qemu = DataObject(store, "images/by-qemu")
    done = transfer(locate(str(image)), by_qemu, Wishes(target_format="raw"))
    assert (done.strategy, done.size) == ("qemu convert", 64 * _MIB)
    transfer(by_qemu, locate(str(tmp_path / "check")), Wishes(expected=up.digests))
    cloned = DataObject(store, "images/cloned")
    assert transfer(there, cloned).strategy == "clone"
    store.delete("images/golden")
    with pytest.raises(NotFound):
        store.stat("images/golden")
    back = tmp_path / "back"
    down = transfer(cloned, locate(str(back)), Wishes(expected=up.digests))
    assert back.read_bytes() == disk.read_bytes()
    assert back.stat().st_blocks * 512 < 16 * _MIB, "holes stay holes"
    assert down.size == 64 * _MIB


def test_an_interrupted_copy_goes_on(
    store: RbdStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "_SECONDS", 0.0)
    path, note = tmp_path / "a", tmp_path / "note"
    path.write_bytes(os.urandom(40 * _MIB))
    there = DataObject(store, "images/interrupted")
    wishes = Wishes(hashes=("sha256",), checkpoint=note, retries=0, concurrency=2)
    done = cut_and_resumed(there, path, wishes, 30 * _MIB)
    assert done.resumed_from >= 8 * _MIB
    transfer(there, locate(str(tmp_path / "b")), Wishes(expected=done.digests))
    assert [stat.name for stat in store.list("images/interrupted")] == [there.name]


def test_who_may_not_is_told_and_no_secret_is_shown(
    store: RbdStore, ceph: CephCluster, tmp_path: Path
) -> None:
    other = ceph.ask("auth", "get-or-create-key", "client.other").strip()
    wrong = RbdStore({**ceph.settings, "key": other, "timeout": "3"})
    with pytest.raises((StoreError, Unavailable)) as caught:
        wrong.stat("images/x")
    assert other not in str(caught.value) + repr(wrong.settings)
    with pytest.raises(InvalidInput, match=r"rbd/user is missing.*rbd/key is missing"):
        RbdStore({"monitors": "x"})
    with pytest.raises(InvalidInput, match="rbd/monitors is missing"):
        RbdStore({"user": "x", "key": "y"})
    with pytest.raises(InvalidInput, match="rbd://pool/image is"):
        store.stat("images/a/b")
    with store.open(Bench(store, prefix="images/").put("secret", bytes(512))):
        lines = [
            path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()
        ]
    assert not any(ceph.key.encode() in line for line in lines)
