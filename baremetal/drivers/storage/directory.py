"""Shares as plain directories, on any file system."""

import shutil
from pathlib import Path

from baremetal.drivers.interfaces.storage import StorageCapabilities
from baremetal.drivers.storage.placed import OPEN, PlacedStorage
from baremetal.motion import transfer
from baremetal.stores.errors import SourceChanged, told
from baremetal.stores.registry import locate

#: A file may be written while the share is copied: so often it is tried again.
_TRIES = 3


class DirectoryStorage(PlacedStorage):
    """Plain directories. Sizes are counted, not enforced; snapshots and clones are copies."""

    @property
    def capabilities(self) -> StorageCapabilities:
        return StorageCapabilities(quota="counted", cheap_snapshots=False, clones=False)

    def make(self, path: Path) -> None:
        with told(path):
            path.mkdir()
            path.chmod(OPEN)

    def copy(self, source: Path, target: Path, *, frozen: bool = False) -> None:
        with told(target):
            target.mkdir(mode=0o700)
        for left in reversed(range(_TRIES)):
            try:
                transfer(locate(f"tree://{source}"), locate(f"tree://{target}"))
            except SourceChanged:
                if not left:
                    raise
                self._drop(target)
                target.mkdir(mode=0o700)
            else:
                return

    def dispose(self, path: Path) -> None:
        if path.exists():
            self._drop(path)

    def _drop(self, path: Path) -> None:
        with told(path):
            shutil.rmtree(path)
