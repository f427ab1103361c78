"""Shares as subvolumes of a Btrfs file system, each with a limit of its own (qgroup)."""

from pathlib import Path
from typing import ClassVar, Final

from baremetal.commands import CommandFailed, ask, run
from baremetal.domain.errors import DriverError, InvalidInput
from baremetal.drivers.interfaces.storage import PoolFull, StorageCapabilities
from baremetal.drivers.storage.mounts import bind_to_itself, unmount
from baremetal.drivers.storage.placed import OPEN, PlacedStorage

_SECONDS: Final = 300.0
#: The inode of a subvolume's root; no other directory has it.
_SUBVOLUME: Final = 256


class BtrfsStorage(PlacedStorage):
    """Subvolumes of Btrfs: limits are enforced, snapshots and clones share their blocks."""

    at_once: ClassVar[bool] = True

    @property
    def capabilities(self) -> StorageCapabilities:
        return StorageCapabilities()

    def check(self) -> None:
        super().check()
        self._btrfs("filesystem", "df", str(self.root))
        self._btrfs("quota", "enable", str(self.root))
        # Groups of subvolumes that are gone; older kernels leave them. It may be too busy for it.
        ask(["btrfs", "qgroup", "clear-stale", str(self.root)], seconds=_SECONDS)

    def make(self, path: Path) -> None:
        self._btrfs("subvolume", "create", str(path))
        path.chmod(OPEN)

    def copy(self, source: Path, target: Path, *, frozen: bool = False) -> None:
        words = ["-r"] if frozen else []
        self._btrfs("subvolume", "snapshot", *words, str(source), str(target))

    def dispose(self, path: Path) -> None:
        if path.exists():
            self._btrfs("subvolume", "delete", str(path))

    def limit(self, path: Path, size: int) -> None:
        words = ("qgroup", "limit", str(size), str(path))
        try:
            self._btrfs(*words)
        except DriverError:
            # Without quotas no limit can be set; a pool that nobody has checked lacks them.
            self._btrfs("quota", "enable", str(self.root))
            self._btrfs(*words)

    def admit(self, path: Path) -> int | None:
        if path.stat().st_ino != _SUBVOLUME:
            raise InvalidInput(
                f"{path} is no subvolume. Make one, and move the data: btrfs subvolume create."
            )
        return self._group(path)[1]

    def mount(self, path: Path) -> None:
        bind_to_itself(path)

    def unmount(self, path: Path) -> None:
        unmount(path, self.clock)

    def count(self, path: Path) -> int:
        return self._group(path)[0]

    def _group(self, path: Path) -> tuple[int, int | None]:
        """Bytes that a subvolume refers to, and how many it may, if there is a limit."""
        # One line each: group, referenced, exclusive, the limit of referenced, and more.
        said = self._btrfs("qgroup", "show", "-reF", "--raw", "--sync", str(path))
        for line in said.splitlines():
            words = line.split()
            if words and words[0].startswith("0/") and words[1].isdigit():
                return int(words[1]), int(words[3]) if words[3].isdigit() else None
        raise DriverError(f"{path} has no qgroup; enable quotas: btrfs quota enable {self.root}")

    def _btrfs(self, *words: str) -> str:
        try:
            return run(["btrfs", *words], package="btrfs-progs", seconds=_SECONDS)
        except CommandFailed as error:
            kind = PoolFull if "No space left" in error.said.err else DriverError
            raise kind(error.message) from error
