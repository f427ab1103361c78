"""Bytes arrive whole, verified, by the way that was promised, or nothing does."""

import hashlib
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import blake3
import pytest

from baremetal.clock import Clock
from baremetal.domain.errors import AlreadyExists, InvalidInput, NotFound, Unavailable
from baremetal.motion import Cancelled, Progress, Wishes, kernel, transfer
from baremetal.stores import DataObject, locate
from baremetal.stores.errors import DigestMismatch, HostileImage, SourceChanged, StoreFull
from tests.support.stores import ANY_ORDER, IN_ORDER, PARTS, DistantStore, Flaky

Blob = Callable[[str, int], DataObject]
SIZES = (0, 1, 4096, (1 << 20) + 1, (9 << 20) + 77)


class _Patient(Clock):
    """Waits for nothing, but adds up what it should have waited for."""

    def __init__(self) -> None:
        self.slept = 0.0

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


def _bytes(obj: DataObject) -> bytes:
    return b"".join(bytes(piece) for piece in obj.store.read(obj.name))


def _left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("size", SIZES)
def test_a_file_is_copied_and_hashed(blob: Blob, here: Path, size: int) -> None:
    source, target = blob("a", size), locate(str(here / "b"))
    done = transfer(source, target, Wishes(hashes=("sha256", "blake3")))
    data = _bytes(source)
    assert _bytes(target) == data
    assert done.digests == {
        "sha256": hashlib.sha256(data).hexdigest(),
        "blake3": blake3.blake3(data).hexdigest(),
    }
    assert (done.size, done.strategy) == (size, "kernel copy" if size > 65536 else "at once")


def test_a_small_file_is_whole_or_not_there(blob: Blob, here: Path) -> None:
    source = blob("a", 4096)
    with pytest.raises(DigestMismatch):
        transfer(source, locate(str(here / "b")), Wishes(expected={"sha256": "00"}))
    with pytest.raises(HostileImage):
        transfer(source, locate(str(here / "b")), Wishes(source_format="qcow2"))
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        transfer(source, locate(str(here / "b")), cancel=cancel)
    assert _left(here) == ["a"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("can", [ANY_ORDER, IN_ORDER, PARTS], ids=["any", "in-order", "parts"])
def test_all_ways_bring_the_same(blob: Blob, here: Path, size: int, can: object) -> None:
    source = blob("a", size)
    for store in (DistantStore(), DistantStore().limited(random_read=False)):
        target = DataObject(DistantStore({"root": str(here)}, can), "b")  # type: ignore[arg-type]
        done = transfer(
            DataObject(store, source.name), target, Wishes(hashes=("sha256",), replace=True)
        )
        assert _bytes(target) == _bytes(source)
        assert done.digests["sha256"] == hashlib.sha256(_bytes(source)).hexdigest()


def test_ranges_go_in_parallel(blob: Blob, here: Path) -> None:
    source = DataObject(DistantStore(), blob("a", 40 << 20).name)
    together = threading.Barrier(3)
    met = threading.Event()

    def meet(_at: int) -> None:
        if not met.is_set():
            together.wait(60)
            met.set()

    assert isinstance(source.store, DistantStore)
    source.store.before_piece = meet
    done = transfer(source, locate(str(here / "b")), Wishes(concurrency=3))
    assert done.strategy == "parallel ranges"
    assert source.store.most_readers == 3
    assert _bytes(locate(str(here / "b"))) == _bytes(DataObject(locate("x").store, source.name))


@pytest.mark.parametrize("far", [False, True], ids=["kernel", "stream"])
def test_holes_stay_holes(here: Path, far: bool) -> None:
    path = here / "sparse"
    with path.open("wb") as file:
        file.truncate(64 << 20)
        for at in (0, 20 << 20, (40 << 20) + 4096):
            file.seek(at)
            file.write(b"data" * 1024)
    target = here / "b"
    source = DataObject(DistantStore(), str(path)) if far else locate(str(path))
    done = transfer(source, locate(str(target)), Wishes(hashes=("sha256",)))
    assert done.digests["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert target.read_bytes() == path.read_bytes()
    assert target.stat().st_blocks * 512 < 1 << 20


def test_it_goes_between_file_systems(blob: Blob) -> None:
    shm = Path("/dev/shm")
    if not shm.is_dir():
        pytest.skip("there is no second file system, /dev/shm")
    source, there = blob("a", 3 << 20), shm / f"baremetal-test-{os.getpid()}"
    try:
        transfer(source, locate(str(there)), Wishes(hashes=("sha256",)))
        assert there.read_bytes() == _bytes(source)
    finally:
        there.unlink(missing_ok=True)


@pytest.mark.parametrize("mover", [kernel.copy_file_range, kernel.sendfile, kernel.by_hand])
def test_each_way_of_the_kernel_brings_the_same(
    blob: Blob, here: Path, monkeypatch: pytest.MonkeyPatch, mover: kernel.Mover
) -> None:
    monkeypatch.setattr(kernel, "MOVERS", (mover,))
    source = blob("a", (9 << 20) + 77)
    done = transfer(source, locate(str(here / "b")), Wishes(hashes=("sha256",)))
    assert (here / "b").read_bytes() == _bytes(source)
    assert done.digests["sha256"] == hashlib.sha256(_bytes(source)).hexdigest()


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Path]:
    """A block device of 8 MiB, full of old bytes."""
    if os.geteuid() != 0:
        pytest.skip("block devices are NOT TESTED: that needs root")
    behind = tmp_path / "behind"
    behind.write_bytes(b"old!" * (2 << 20))
    command = ["losetup", "--find", "--show", str(behind)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"block devices are NOT TESTED: no loop device: {done.stderr}")
    path = done.stdout.strip()
    yield Path(path)
    subprocess.run(["losetup", "--detach", path], check=True)


@pytest.mark.parametrize("far", [False, True], ids=["kernel", "stream"])
def test_a_block_device_is_written_and_read(here: Path, device: Path, far: bool) -> None:
    path = here / "disk"
    with path.open("wb") as file:
        file.seek(3 << 20)
        file.write(b"data" * 1024)
        file.truncate(6 << 20)
    source = DataObject(DistantStore(), str(path)) if far else locate(str(path))
    wishes = Wishes(expected={"sha256": hashlib.sha256(path.read_bytes()).hexdigest()})
    assert transfer(source, locate(str(device)), wishes).size == 6 << 20
    transfer(locate(str(device)), locate(str(here / "back")))
    found = (here / "back").read_bytes()
    assert found[: 6 << 20] == path.read_bytes(), "no old byte shines through a hole"
    assert found[6 << 20 :] == b"old!" * (1 << 19)
    (here / "big").write_bytes(bytes(4096) + b"x" * (9 << 20))
    with pytest.raises(StoreFull):
        transfer(locate(str(here / "big")), locate(str(device)))


def test_wrong_bytes_are_not_published(blob: Blob, here: Path) -> None:
    with pytest.raises(DigestMismatch, match=r"sha256 should be 0000, but is [0-9a-f]{64}"):
        transfer(blob("a", 5 << 20), locate(str(here / "b")), Wishes(expected={"sha256": "0000"}))
    assert _left(here) == ["a"]


def test_what_is_there_stays_unless_it_shall_go(blob: Blob, here: Path) -> None:
    source, target = blob("a", 100), blob("b", 50)
    with pytest.raises(AlreadyExists):
        transfer(source, target)
    assert len(_bytes(target)) == 50
    transfer(source, target, Wishes(replace=True))
    assert _bytes(target) == _bytes(source)
    assert _left(here) == ["a", "b"]


def test_nothing_comes_of_nothing(here: Path) -> None:
    with pytest.raises(NotFound):
        transfer(locate(str(here / "nowhere")), locate(str(here / "b")))
    assert _left(here) == []


def test_an_unknown_digest_is_refused_before_anything_is_written(blob: Blob, here: Path) -> None:
    with pytest.raises(InvalidInput, match="'sha3000' is no digest"):
        transfer(blob("a", 10), locate(str(here / "b")), Wishes(hashes=("sha3000",)))
    assert _left(here) == ["a"]


def test_more_than_there_may_be_is_refused(blob: Blob, here: Path) -> None:
    with pytest.raises(HostileImage, match="more than the 9"):
        transfer(blob("a", 10), locate(str(here / "b")), Wishes(max_size=9))
    assert _left(here) == ["a"]


@pytest.mark.parametrize("far", [False, True], ids=["kernel", "stream"])
def test_a_source_that_changes_is_noticed(blob: Blob, here: Path, far: bool) -> None:
    source = blob("a", 30 << 20)
    changed = threading.Event()

    def change(_at: object) -> None:
        if not changed.is_set():
            changed.set()
            with Path(source.name).open("r+b") as file:
                file.write(b"changed")
            os.utime(source.name, (1, 1))

    reading = source
    if far:
        store = DistantStore()
        store.before_piece = change
        reading = DataObject(store, source.name)
    with pytest.raises(SourceChanged):
        transfer(reading, locate(str(here / "b")), Wishes(bandwidth=1 << 40), progress=change)
    assert _left(here) == ["a"]


def test_progress_is_told_and_ends_with_all(blob: Blob, here: Path) -> None:
    told: list[Progress] = []
    source = blob("a", 8 << 20)
    transfer(source, locate(str(here / "b")), progress=told.append)
    assert told[-1].done == told[-1].total == 8 << 20
    assert told[-1].rate > 0
    assert [each.done for each in told] == sorted(each.done for each in told)


def test_a_cap_on_bandwidth_is_waited_for(blob: Blob, here: Path) -> None:
    clock = _Patient()
    transfer(blob("a", 10 << 20), locate(str(here / "b")), Wishes(bandwidth=1 << 20), clock=clock)
    assert clock.slept > 8


@pytest.mark.parametrize("can", [ANY_ORDER, IN_ORDER], ids=["parallel", "in-order"])
def test_cancelling_leaves_nothing(blob: Blob, here: Path, can: object) -> None:
    cancel = threading.Event()
    store = DistantStore()
    store.before_piece = lambda at: cancel.set() if at > 1 << 20 else None
    target = DataObject(DistantStore({"root": str(here)}, can), "b")  # type: ignore[arg-type]
    with pytest.raises(Cancelled):
        transfer(DataObject(store, blob("a", 30 << 20).name), target, cancel=cancel)
    assert _left(here) == ["a"]


@pytest.mark.parametrize("workers", [1, 4])
def test_a_flaky_source_is_borne_with(blob: Blob, here: Path, workers: int) -> None:
    clock, flaky = _Patient(), Flaky(each=7)
    store = DistantStore()
    store.before_piece = flaky
    source, target = DataObject(store, blob("a", 12 << 20).name), locate(str(here / "b"))
    wishes = Wishes(hashes=("sha256",), concurrency=workers)
    done = transfer(source, target, wishes, clock=clock)
    assert flaky.failures > 10
    assert clock.slept > 0
    assert done.digests["sha256"] == hashlib.sha256(Path(source.name).read_bytes()).hexdigest()


@pytest.mark.parametrize("workers", [1, 4])
def test_a_dead_source_is_not_borne_with_for_ever(blob: Blob, here: Path, workers: int) -> None:
    def dead(at: int) -> None:
        if at > 5 << 20:
            raise Unavailable("The line was cut.")

    clock, store = _Patient(), DistantStore()
    store.before_piece = dead
    with pytest.raises(Unavailable, match="cut"):
        transfer(
            DataObject(store, blob("a", 12 << 20).name),
            locate(str(here / "b")),
            Wishes(retries=3, concurrency=workers),
            clock=clock,
        )
    assert _left(here) == ["a"]


def test_small_objects_start_no_thread(
    blob: Blob, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []

    class Counted(threading.Thread):
        def start(self) -> None:
            started.append(self.name)
            super().start()

    monkeypatch.setattr(threading, "Thread", Counted)
    small, large = Wishes(hashes=("sha256",)), Wishes(hashes=("sha256",), replace=True)
    transfer(blob("a", 4096), locate(str(here / "b")), small)
    assert started == []
    transfer(blob("large", 4 << 20), locate(str(here / "b")), large)
    assert started == ["motion-hash"]
