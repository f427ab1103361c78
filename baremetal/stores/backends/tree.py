"""``tree://``: an object is a directory with all that is in it, or a file within one."""

import os
from pathlib import Path
from stat import S_ISDIR

from baremetal.domain.errors import NotFound
from baremetal.stores.abilities import LocalTrees
from baremetal.stores.backends.filesystem import FileStore
from baremetal.stores.contract import Stat
from baremetal.stores.errors import told


class TreeStore(FileStore, LocalTrees):
    """Directories beneath `root`; ``motion`` copies whole trees between two such stores."""

    scheme = "tree"

    def stat(self, name: str) -> Stat:
        with told(self.uri(name)):
            found = os.stat(self.path(name))
        if S_ISDIR(found.st_mode):
            return Stat(None, modified=found.st_mtime, tree=True, name=name)
        return self._described(found, name)

    def directory(self, name: str) -> Path:
        path = Path(self.path(name))
        if path.exists() and not path.is_dir():
            raise NotFound("Tree", self.uri(name))
        return path
