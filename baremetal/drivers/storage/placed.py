"""What storages have in common whose shares are directories beneath one path.

    shares/SHARE                a share
    snapshots/SHARE/SNAPSHOT    a snapshot of it
    .aside/...                  what is on its way in or out; nobody else looks there

What is made or removed is so aside, and gets or loses its name by a rename: it is there whole or
not at all, and a process that dies leaves nothing that the next try would take for done.
"""

import os
import shutil
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final

from baremetal.clock import Clock
from baremetal.domain.errors import InvalidInput, NotFound
from baremetal.domain.properties import Property
from baremetal.drivers.interfaces.storage import (
    PoolStats,
    Share,
    ShrinkRefused,
    Snapshot,
    Snapshots,
    StorageInterface,
    Tree,
)
from baremetal.stores.errors import told

#: Shares are open to all users of the clients that rules let in.
OPEN: Final = 0o777
_OURS: Final = ("shares", "snapshots", ".aside")


class PlacedStorage(StorageInterface, Snapshots):
    """Shares as directories; how these are made, copied and removed is for those who inherit."""

    properties: ClassVar[tuple[Property, ...]] = (
        Property("path", "The directory that is the pool.", "/srv/shares", required=True),
    )

    #: Copies appear whole and trees vanish whole; a frozen one cannot be renamed.
    at_once: ClassVar[bool] = False

    def __init__(
        self, settings: Mapping[str, object] | None = None, clock: Clock | None = None
    ) -> None:
        super().__init__(settings, clock)
        self.root = Path(self.settings.text("path"))
        if not self.root.is_absolute():
            raise InvalidInput(f"path is {self.root}; it must begin with '/'.")

    def check(self) -> None:
        if not self.root.is_dir():
            raise InvalidInput(f"{self.root} is no directory; make it, or mount the pool there.")

    @abstractmethod
    def make(self, path: Path) -> None:
        """An empty tree at `path`, where nothing is, of the mode `OPEN`."""

    @abstractmethod
    def copy(self, source: Path, target: Path, *, frozen: bool = False) -> None:
        """What `source` holds at `target`, where nothing is; `frozen`: nobody writes to it."""

    @abstractmethod
    def dispose(self, path: Path) -> None:
        """Remove a tree; there being none is fine."""

    def limit(self, path: Path, size: int) -> None:
        """Let a tree hold `size` bytes, where that is enforced."""

    def admit(self, path: Path) -> int | None:
        """The limit that a tree has already which was made by somebody else.

        :raises InvalidInput: it cannot be a share.
        """
        return None

    def mount(self, path: Path) -> None:
        """Let a share be seen by servers."""

    def unmount(self, path: Path) -> None:
        """Undo `mount`."""

    def count(self, path: Path) -> int:
        """Bytes that a tree takes: each file once, holes not."""
        seen: dict[tuple[int, int], int] = {}
        with told(path):
            for folder, _, files in os.walk(path):
                for name in ("", *files):
                    found = os.lstat(os.path.join(folder, name))  # noqa: PTH118 - many
                    seen[found.st_dev, found.st_ino] = found.st_blocks * 512
        return sum(seen.values())

    def create(self, share: Share, source: Snapshot | None = None) -> Tree:
        place = self._share(share.id)
        if not place.exists():
            aside = self._fresh(share.id)
            if source is None:
                self.make(aside)
            else:
                self.copy(self._there(source), aside)
            self.limit(aside, share.size)
            self._publish(aside, place)
        return self.ensure(share)

    def ensure(self, share: Share) -> Tree:
        place = self._found(share)
        self.limit(place, share.size)
        self.mount(place)
        return Tree(place, share.size)

    def delete(self, share: Share) -> None:
        place = self._share(share.id)
        for name in ("", "@new", "@old"):
            self.dispose(self._aside(share.id + name))
        if place.exists():
            self.unmount(place)
            self._retire(place, share.id)
        self._forget(self.root / "snapshots" / share.id)

    def resize(self, share: Share) -> Tree:
        used = self.used(share)
        if used > share.size:
            raise ShrinkRefused(share, used)
        return self.ensure(share)

    def used(self, share: Share) -> int:
        return self.count(self._found(share))

    def snapshot(self, snapshot: Snapshot) -> None:
        place = self._snapshot(snapshot)
        if place.exists():
            return
        source = self._found(Share(snapshot.share_id, 0))
        if self.at_once:
            self._make_way(place)
            self.copy(source, place, frozen=True)
            return
        aside = self._fresh(f"{snapshot.share_id}@{snapshot.id}")
        self.copy(source, aside, frozen=True)
        self._publish(aside, place)

    def delete_snapshot(self, snapshot: Snapshot) -> None:
        place = self._snapshot(snapshot)
        aside = f"{snapshot.share_id}@{snapshot.id}"
        self.dispose(self._aside(aside))
        if self.at_once:
            self.dispose(place)
        elif place.exists():
            self._retire(place, aside)
        self._forget(place.parent)

    def revert(self, share: Share, snapshot: Snapshot) -> Tree:
        source, place = self._there(snapshot), self._share(share.id)
        old = self._aside(f"{share.id}@old")
        if not place.exists() and not old.exists():
            raise NotFound("Share", share.id)
        new = self._fresh(f"{share.id}@new")
        self.copy(source, new)
        self.limit(new, share.size)
        if place.exists():
            self.unmount(place)
            self.dispose(old)
            place.rename(old)
        # A process that dies here has left the share at `old`: the next one begins anew.
        self._publish(new, place)
        self.dispose(old)
        return self.ensure(share)

    def adopt(self, share_id: str, name: str) -> Tree:
        place = self._share(Share(share_id, 0).id)
        path = self.root / name
        if not path.exists():
            if not place.exists():
                raise NotFound("Directory", path)
        else:
            self._refuse_strange(path)
            self.admit(path)
            self.unmount(path)
            self._publish(path, place)
        size = self.admit(place)
        self.mount(place)
        return Tree(place, size)

    def stats(self) -> PoolStats:
        with told(self.root):
            found = shutil.disk_usage(self.root)
        return PoolStats(found.total, found.free)

    def _share(self, ident: str) -> Path:
        return self.root / "shares" / ident

    def _found(self, share: Share) -> Path:
        place = self._share(share.id)
        if not place.is_dir():
            raise NotFound("Share", f"{share.id} ({place})")
        return place

    def _snapshot(self, snapshot: Snapshot) -> Path:
        return self.root / "snapshots" / snapshot.share_id / snapshot.id

    def _there(self, snapshot: Snapshot) -> Path:
        place = self._snapshot(snapshot)
        if not place.is_dir():
            raise NotFound("Snapshot", f"{snapshot.id} ({place})")
        return place

    def _aside(self, name: str) -> Path:
        return self.root / ".aside" / name

    def _fresh(self, name: str) -> Path:
        """A place aside that nothing is at."""
        path = self._aside(name)
        with told(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.dispose(path)
        return path

    def _publish(self, path: Path, place: Path) -> None:
        self._make_way(place)
        with told(place):
            path.rename(place)

    def _make_way(self, place: Path) -> None:
        with told(place):
            # Users of the server may pass through to shares that they know, and list nothing.
            shares = self.root / "shares"
            shares.mkdir(mode=0o711, exist_ok=True)
            if place.parent != shares:
                place.parent.parent.mkdir(mode=0o700, exist_ok=True)
                place.parent.mkdir(mode=0o700, exist_ok=True)

    def _retire(self, place: Path, name: str) -> None:
        aside = self._fresh(name)
        with told(place):
            place.rename(aside)
        self.dispose(aside)

    def _forget(self, folder: Path) -> None:
        """Remove a directory if nothing is in it."""
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()

    def _refuse_strange(self, path: Path) -> None:
        """Return if `path` is a directory of the pool that is not ours already."""
        root, real = self.root.resolve(), path.resolve()
        inside = real.relative_to(root).parts if real.is_relative_to(root) else ()
        if not inside or inside[0] in _OURS or not real.is_dir() or path.is_symlink():
            raise InvalidInput(
                f"{path} cannot be taken over: name a directory beneath {self.root}, other than "
                f"{', '.join(_OURS)}."
            )
