"""Objects kept near, on a local disk: each fetched once, verified, shared by links.

An entry is a file named after the digest that it has: there is no other record, so nothing can
disagree with it. A fetch holds a lock of the kernel, which goes with its process: after
``kill -9`` the next one simply begins again, or resumes.
"""

import contextlib
import fcntl
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from baremetal.clock import Clock
from baremetal.domain.errors import InvalidInput, NotSupported
from baremetal.stores.backends.file_writer import is_unfinished
from baremetal.stores.backends.filesystem import FileStore
from baremetal.stores.contract import DataObject
from baremetal.stores.errors import DigestMismatch, told

_DIGEST: Final = re.compile(r"^[0-9a-f]{32,128}$")
_LOCKS: Final = ".locks"
#: What was fetched, but is not verified yet.
_ASIDE: Final = ".fetched-"
#: Parts of fetches that nobody has gone on with for so long, seconds, are swept away.
_ABANDONED: Final = 86400.0

#: Copies to the first, from the peer's object if there is one; says which digests came out, as
#: ``motion.transfer`` does.
Fetch = Callable[[DataObject, DataObject | None], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Digest:
    """What an object's bytes must be."""

    algorithm: str
    value: str

    def __post_init__(self) -> None:
        if not _DIGEST.match(self.value) or not self.algorithm.isalnum():
            raise InvalidInput(f"'{self.algorithm}:{self.value}' is no digest.")

    @property
    def name(self) -> str:
        """The entry's name."""
        return f"{self.algorithm}-{self.value}"


class Peer(Protocol):
    """Others of our kind that may have an object already, such as a swarm."""

    def offer(self, digest: Digest) -> DataObject | None:
        """Where a peer has it; what comes from there is verified like everything else."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the cache may keep."""

    #: Bytes on the disk.
    size: int = 20 << 30
    #: Seconds since an entry was last used.
    age: float = 14 * 86400.0


class Cache:
    """Entries in a folder, which several processes may share."""

    def __init__(
        self,
        folder: Path,
        bounds: Bounds | None = None,
        *,
        peers: tuple[Peer, ...] = (),
        clock: Clock | None = None,
    ) -> None:
        """Keep entries in `folder`; it is made where it is not there."""
        self._folder = folder
        self._bounds = bounds or Bounds()
        self._peers = peers
        self._clock = clock or Clock()
        self._store = FileStore({"root": str(folder)})
        (folder / _LOCKS).mkdir(parents=True, exist_ok=True)

    def get(self, digest: Digest, fetch: Fetch) -> Path:
        """The entry's path; `fetch(target, peer)` copies it where it is not there yet.

        However many ask, in whatever processes, one fetches and the others wait for it.

        :raises DigestMismatch: other bytes came.
        """
        path = self._folder / digest.name
        if self._used(path):
            return path
        with self._alone(digest.name):
            if not self._used(path):
                self._fetch(digest, fetch)
                self._used(path)
                self._tidy(keep=digest.name)
        return path

    def _fetch(self, digest: Digest, fetch: Fetch) -> None:
        target = DataObject(self._store, _ASIDE + digest.name)
        for peer in self._peers:
            there = peer.offer(digest)
            if there is not None:
                try:
                    self._take(digest, target, fetch(self._cleared(target), there))
                    return
                except Exception:  # noqa: BLE001, S112 - a peer is a favour; the source remains
                    continue
        self._take(digest, target, fetch(self._cleared(target), None))

    def _cleared(self, target: DataObject) -> DataObject:
        """The target, without what a process has left that died before it was verified."""
        self._store.delete(target.name)
        return target

    def _take(self, digest: Digest, target: DataObject, found: Mapping[str, str]) -> None:
        path = self._folder / target.name
        if found.get(digest.algorithm) != digest.value:
            path.unlink(missing_ok=True)
            raise DigestMismatch(
                digest.name, digest.algorithm, digest.value, found.get(digest.algorithm, "unknown")
            )
        path.replace(self._folder / digest.name)

    def give(self, digest: Digest, target: Path) -> str:
        """Let `target` be the entry, which must be there: by a reflink, a link, or a copy.

        A reflink may be written to; a link must not: it is the entry itself. The word says which.

        :raises AlreadyExists: `target` is there.
        :raises NotFound: the entry is not.
        """
        try:
            return FileStore().copy(str(self._folder / digest.name), str(target.absolute()))
        except NotSupported:
            with told(target):
                try:
                    os.link(self._folder / digest.name, target)
                except OSError as error:
                    if isinstance(error, FileExistsError | FileNotFoundError):
                        raise
                    raise NotSupported(
                        f"{target} is on another file system than the cache; copy the entry."
                    ) from error
            return "link"

    def drop(self, digest: Digest) -> None:
        """Forget the entry; those who have links to it keep their bytes."""
        with self._alone(digest.name):
            (self._folder / digest.name).unlink(missing_ok=True)

    def _used(self, path: Path) -> bool:
        """Whether it is there; if so, it was used now."""
        try:
            now = self._clock.now().timestamp()
            os.utime(path, (now, os.stat(path).st_mtime))
        except FileNotFoundError:
            return False
        return True

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """Hold the lock of an entry, against threads and processes."""
        path = self._folder / _LOCKS / name
        fd = _locked(path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
            os.close(fd)

    def tidy(self) -> list[str]:
        """Let go what is too old, then the longest unused until the rest fits; their names."""
        return self._tidy(keep="")

    def _tidy(self, keep: str) -> list[str]:
        now = self._clock.now().timestamp()
        entries = []
        for entry in os.scandir(self._folder):
            if entry.is_dir(follow_symlinks=False):
                continue
            with contextlib.suppress(FileNotFoundError):
                found = entry.stat(follow_symlinks=False)
                if is_unfinished(entry.name) or entry.name.startswith(_ASIDE):
                    if now - found.st_mtime > _ABANDONED:
                        os.unlink(entry.path)
                    continue
                entries.append((found.st_atime, found.st_blocks * 512, entry.name))
        gone = []
        total = sum(size for _, size, _ in entries)
        for used, size, name in sorted(entries):
            if name != keep and (total > self._bounds.size or now - used > self._bounds.age):
                (self._folder / name).unlink(missing_ok=True)
                total -= size
                gone.append(name)
        return gone


def _locked(path: Path) -> int:
    """A descriptor of the file at `path`, which nobody else holds now."""
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(fd, fcntl.LOCK_EX)
        # Whoever was before us has removed the file that we hold.
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(fd), os.stat(path)):
                return fd
        os.close(fd)


class MemoryCache:
    """Small objects in memory, the longest unused go first; safe for threads."""

    def __init__(self, size: int = 32 << 20, largest: int = 1 << 20) -> None:
        """Keep at most `size` bytes, and of each object at most `largest`."""
        self._size = size
        self._largest = largest
        self._held = 0
        self._entries: OrderedDict[str, bytes] = OrderedDict()
        self._fetches: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, name: str, fetch: Callable[[], bytes]) -> bytes:
        """The object; `fetch` gets it where it is not here, once for all who ask meanwhile."""
        with self._lock:
            if name in self._entries:
                self._entries.move_to_end(name)
                return self._entries[name]
            alone = self._fetches.setdefault(name, threading.Lock())
        with alone:
            with self._lock:
                if name in self._entries:
                    return self._entries[name]
            try:
                data = fetch()
                self._keep(name, data)
            finally:
                with self._lock:
                    self._fetches.pop(name, None)
            return data

    def _keep(self, name: str, data: bytes) -> None:
        if len(data) > self._largest:
            return
        with self._lock:
            self._held += len(data) - len(self._entries.get(name, b""))
            self._entries[name] = data
            self._entries.move_to_end(name)
            while self._held > self._size:
                _, old = self._entries.popitem(last=False)
                self._held -= len(old)

    def drop(self, name: str) -> None:
        """Forget the object."""
        with self._lock:
            self._held -= len(self._entries.pop(name, b""))
