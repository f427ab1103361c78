"""The cache fetches once, keeps only what was verified, and survives whoever dies in it."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from baremetal.clock import Clock
from baremetal.domain.errors import AlreadyExists, NotFound, NotSupported
from baremetal.motion import Wishes, transfer
from baremetal.stores import DataObject, locate
from baremetal.stores.cache import Bounds, Cache, Digest, MemoryCache
from baremetal.stores.errors import DigestMismatch

_DATA = os.urandom(300_000)
_DIGEST = Digest("sha256", hashlib.sha256(_DATA).hexdigest())


class _Source:
    """Something to be fetched; counts how often it was."""

    def __init__(self, path: Path, data: bytes = _DATA) -> None:
        path.write_bytes(data)
        self.object = locate(str(path))
        self.fetches = 0

    def fetch(self, target: DataObject, peer: DataObject | None) -> Mapping[str, str]:
        self.fetches += 1
        return transfer(peer or self.object, target, Wishes(hashes=("sha256",))).digests


class _Moved(Clock):
    """The real time, some seconds on."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.now = lambda: datetime.now(UTC) + timedelta(seconds=self.ahead)


@pytest.fixture
def source(tmp_path: Path) -> _Source:
    return _Source(tmp_path / "source")


def _entries(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def test_a_hundred_ask_and_one_fetches(tmp_path: Path, source: _Source) -> None:
    caches = [Cache(tmp_path / "cache") for _ in range(4)]
    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(caches[n % 4].get, _DIGEST, source.fetch) for n in range(100)]
        paths = {each.result() for each in asked}
    assert source.fetches == 1
    assert [path.read_bytes() for path in paths] == [_DATA]
    assert list((tmp_path / "cache" / ".locks").iterdir()) == []


def test_other_bytes_are_never_kept(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    wrong = _Source(tmp_path / "wrong", b"other bytes")
    for _ in range(2):
        with pytest.raises(DigestMismatch):
            cache.get(_DIGEST, wrong.fetch)
    assert _entries(tmp_path / "cache") == []
    assert cache.get(_DIGEST, _Source(tmp_path / "right").fetch).read_bytes() == _DATA


def test_a_fetch_that_fails_is_tried_by_the_next(tmp_path: Path, source: _Source) -> None:
    cache = Cache(tmp_path / "cache")

    def fails(_target: DataObject, _peer: DataObject | None) -> Mapping[str, str]:
        raise FileNotFoundError("the source is gone")

    with pytest.raises(FileNotFoundError):
        cache.get(_DIGEST, fails)
    assert cache.get(_DIGEST, source.fetch).read_bytes() == _DATA


def test_a_peer_is_asked_first_and_not_believed(tmp_path: Path, source: _Source) -> None:
    (tmp_path / "peer").write_bytes(b"lies")

    class Liar:
        asked = 0

        def offer(self, digest: Digest) -> DataObject | None:
            self.asked += 1
            return locate(str(tmp_path / "peer"))

    liar = Liar()
    cache = Cache(tmp_path / "cache", peers=(liar,))
    assert cache.get(_DIGEST, source.fetch).read_bytes() == _DATA
    assert (liar.asked, source.fetches) == (1, 2)


def test_it_is_given_without_a_copy(tmp_path: Path, source: _Source) -> None:
    cache, target = Cache(tmp_path / "cache"), tmp_path / "given"
    with pytest.raises(NotFound):
        cache.give(_DIGEST, target)
    path = cache.get(_DIGEST, source.fetch)
    assert cache.give(_DIGEST, target) in ("link", "reflink")
    assert target.read_bytes() == _DATA
    with pytest.raises(AlreadyExists):
        cache.give(_DIGEST, target)
    cache.drop(_DIGEST)
    assert not path.exists()
    assert target.read_bytes() == _DATA
    cache.get(_DIGEST, source.fetch)
    if Path("/dev/shm").is_dir():
        with pytest.raises(NotSupported, match="another file system"):
            cache.give(_DIGEST, Path(f"/dev/shm/baremetal-given-{os.getpid()}"))


def test_old_and_large_entries_go(tmp_path: Path) -> None:
    clock = _Moved()
    cache = Cache(tmp_path / "cache", Bounds(size=1_000_000, age=1000), clock=clock)
    digests = []
    for number in range(4):
        data = os.urandom(300_000)
        digest = Digest("sha256", hashlib.sha256(data).hexdigest())
        cache.get(digest, _Source(tmp_path / str(number), data).fetch)
        digests.append(digest.name)
        clock.ahead += 10
    assert _entries(tmp_path / "cache") == sorted(digests[1:]), "the oldest made room"
    assert cache.tidy() == []
    clock.ahead += 975
    assert cache.tidy() == digests[1:2]
    clock.ahead += 10**6
    assert set(cache.tidy()) == set(digests[2:])


_DIES = """
import sys
from pathlib import Path
from baremetal.stores.cache import Cache, Digest
folder, value = sys.argv[1:]
def fetch(target, peer):
    with target.store.write(target.name) as writer:
        writer.write(0, b"half of it")
        writer.checkpoint()
        print("fetching", flush=True)
        sys.stdin.read()
Cache(Path(folder)).get(Digest("sha256", value), fetch)
"""


def test_whoever_dies_in_a_fetch_holds_up_nobody(tmp_path: Path, source: _Source) -> None:
    folder = tmp_path / "cache"
    process = subprocess.Popen(
        [sys.executable, "-c", _DIES, str(folder), _DIGEST.value],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == b"fetching\n"
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(Cache(folder).get, _DIGEST, source.fetch)
        assert not waiting.done()
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert waiting.result(60).read_bytes() == _DATA
    process.stdout.close()
    process.stdin.close()
    clock = _Moved()
    clock.ahead = 10**5
    Cache(folder, clock=clock).tidy()
    assert _entries(folder) == [_DIGEST.name]


def test_small_objects_are_kept_in_memory() -> None:
    cache, calls = MemoryCache(size=1000, largest=500), []

    def fetch(name: str, size: int) -> bytes:
        def call() -> bytes:
            calls.append(name)
            return name.encode() * size

        return cache.get(name, call)

    assert fetch("a", 400) == fetch("a", 400)
    fetch("b", 400)
    fetch("a", 400)
    fetch("c", 400)
    fetch("a", 400)
    fetch("b", 400)
    fetch("d", 501)
    fetch("d", 501)
    assert calls == ["a", "b", "c", "b", "d", "d"]
    cache.drop("b")
    fetch("b", 400)
    assert calls[-1] == "b"


def test_memory_fetches_once_for_many() -> None:
    cache, calls, begin = MemoryCache(), [], threading.Barrier(8)

    def fetch() -> bytes:
        calls.append(1)
        return b"x"

    def ask(_number: int) -> bytes:
        begin.wait(60)
        return cache.get("x", fetch)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {b"x"}
    assert len(calls) == 1
