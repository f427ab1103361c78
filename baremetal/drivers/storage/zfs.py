"""Shares as ZFS datasets: OpenZFS, and zfs-fuse, whose commands know less."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final

from baremetal.clock import Clock
from baremetal.domain.errors import Conflict, DriverError, InvalidInput, NotFound
from baremetal.domain.properties import Property
from baremetal.drivers.interfaces.storage import (
    PoolStats,
    Share,
    ShrinkRefused,
    Snapshot,
    Snapshots,
    StorageCapabilities,
    StorageInterface,
    Tree,
)
from baremetal.drivers.storage.mounts import flush
from baremetal.drivers.storage.placed import OPEN
from baremetal.drivers.storage.zfs_command import ZfsCommand

#: Marks a dataset whose making has come to its end.
_READY: Final = "baremetal:ready"
_KNOWN: Final = ("refquota", "refreservation", "referenced", "mountpoint", "mounted")
_DATASET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]*")


class ZfsStorage(StorageInterface, Snapshots):
    """Datasets beneath one dataset. A name in the pool is a dataset's, as ``tank/old``."""

    properties: ClassVar[tuple[Property, ...]] = (
        Property("dataset", "The pool, or a dataset in it.", "tank/shares", required=True),
        Property(
            "thin", "Whether room that a share does not use is others'.", "true", kind="boolean"
        ),
    )

    def __init__(
        self, settings: Mapping[str, object] | None = None, clock: Clock | None = None
    ) -> None:
        super().__init__(settings, clock)
        self._parent = self.settings.text("dataset").strip("/")
        self._thin = self.settings.flag("thin", default=True)
        self._zfs = ZfsCommand(self.clock)

    @property
    def capabilities(self) -> StorageCapabilities:
        return StorageCapabilities(revert_to_latest_only=True, thin=self._thin)

    def check(self) -> None:
        found = self._zfs.get(self._parent, "mountpoint")
        if found is None:
            raise InvalidInput(f"There is no dataset {self._parent}; make it: zfs create.")
        if not found["mountpoint"].startswith("/"):
            raise InvalidInput(f"{self._parent} needs a mountpoint: zfs set mountpoint=/PATH.")

    def create(self, share: Share, source: Snapshot | None = None) -> Tree:
        name = self._name(share.id)
        found = self._zfs.get(name, _READY)
        if found is None:
            if source is None:
                self._zfs.run("create", *self._sizes(share.size), name)
            else:
                self._zfs.run("clone", *self._sizes(share.size), self._kept(source), name)
        if found is None or found[_READY] != "yes":
            path = self._mounted(name, self._look(name))
            if source is None:
                path.chmod(OPEN)
            self._zfs.run("set", f"{_READY}=yes", name)
        return self.ensure(share)

    def ensure(self, share: Share) -> Tree:
        name, found = self._found(share)
        self._resize(name, share.size, found)
        return Tree(self._mounted(name, found), share.size)

    def delete(self, share: Share) -> None:
        name = self._name(share.id)
        if self._zfs.get(name, "type") is None:
            return
        for snapshot in self._zfs.snapshots(name):
            # Its children inherit the snapshot that they are made from, and all before it.
            if clones := self._zfs.clones(snapshot, self._parent):
                self._zfs.run("promote", clones[0])
        self._zfs.destroy(name)

    def resize(self, share: Share) -> Tree:
        used = self.used(share)
        if used > share.size:
            raise ShrinkRefused(share, used)
        return self.ensure(share)

    def used(self, share: Share) -> int:
        name, found = self._found(share)
        flush(self._mounted(name, found))
        # What it counts is what it has committed; a change of a property waits for all before it.
        self._zfs.run("set", f"{_READY}=yes", name)
        return int(self._look(name)["referenced"])

    def adopt(self, share_id: str, name: str) -> Tree:
        target = self._name(Share(share_id, 0).id)
        if not _DATASET.fullmatch(name):
            raise InvalidInput(f"{name!r} is no dataset's name. Example: tank/old.")
        found = self._zfs.get(name, "type")
        if found is not None and name != target:
            pool = self._parent.partition("/")[0]
            taken = name.startswith(f"{self._parent}/") and self._is_share(name)
            if found["type"] != "filesystem" or not name.startswith(f"{pool}/") or taken:
                raise InvalidInput(
                    f"{name} cannot be taken over: name a file system of the pool {pool} that is "
                    "not a share."
                )
            self._zfs.release(name)
            self._zfs.run("rename", name, target)
        elif self._zfs.get(target, "type") is None:
            raise NotFound("Dataset", name)
        self._zfs.run("set", f"{_READY}=yes", target)
        found = self._look(target)
        return Tree(self._mounted(target, found), int(found["refquota"]) or None)

    def snapshot(self, snapshot: Snapshot) -> None:
        name, _ = self._found(Share(snapshot.share_id, 0))
        if self._zfs.get(f"{name}@{snapshot.id}", "type") is None:
            self._zfs.run("snapshot", f"{name}@{snapshot.id}")

    def delete_snapshot(self, snapshot: Snapshot) -> None:
        name = f"{self._name(snapshot.share_id)}@{snapshot.id}"
        if self._zfs.get(name, "type") is not None:
            # Where a share is made from it, it goes when that one does.
            self._zfs.run("destroy", "-d", name)

    def revert(self, share: Share, snapshot: Snapshot) -> Tree:
        (name, _), kept = self._found(share), self._kept(snapshot)
        newest = self._zfs.snapshots(name)[-1]
        if newest != kept:
            raise Conflict(
                f"Share {share.id} cannot revert to {snapshot.id}: {newest.partition('@')[2]} is "
                "newer. Delete it first, and all shares that are made from it."
            )
        self._zfs.run("rollback", kept)
        return self.ensure(share)

    def stats(self) -> PoolStats:
        found = self._zfs.get(self._parent, "used", "available")
        if found is None:
            raise DriverError(f"There is no dataset {self._parent} any more.")
        free = int(found["available"])
        return PoolStats(int(found["used"]) + free, free)

    def _name(self, ident: str) -> str:
        return f"{self._parent}/{ident}"

    def _look(self, name: str) -> dict[str, str]:
        """All that we ever want to know of a dataset, in one command."""
        found = self._zfs.get(name, *_KNOWN)
        if found is None:
            raise NotFound("Dataset", name)
        return found

    def _found(self, share: Share) -> tuple[str, dict[str, str]]:
        name = self._name(share.id)
        found = self._zfs.get(name, *_KNOWN)
        if found is None:
            raise NotFound("Share", f"{share.id} (dataset {name})")
        return name, found

    def _kept(self, snapshot: Snapshot) -> str:
        name = f"{self._name(snapshot.share_id)}@{snapshot.id}"
        if self._zfs.get(name, "type") is None:
            raise NotFound("Snapshot", f"{snapshot.id} ({name})")
        return name

    def _is_share(self, name: str) -> bool:
        found = self._zfs.get(name, _READY)
        return found is not None and found[_READY] == "yes"

    def _sizes(self, size: int) -> list[str]:
        words = ["-o", f"refquota={size}"]
        return words if self._thin else [*words, "-o", f"refreservation={size}"]

    def _resize(self, name: str, size: int, found: Mapping[str, str]) -> None:
        wanted = {"refquota": str(size)}
        if not self._thin:
            wanted["refreservation"] = str(size)
        # A reservation must fit into the quota at any moment.
        larger = int(found["refquota"]) < size
        for key in wanted if larger else reversed(wanted):
            if found[key] != wanted[key]:
                self._zfs.run("set", f"{key}={wanted[key]}", name)

    def _mounted(self, name: str, found: Mapping[str, str]) -> Path:
        if found["mounted"] != "yes":
            self._zfs.run("mount", name)
        return Path(found["mountpoint"])
