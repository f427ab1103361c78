"""From file to file by the kernel: no byte passes through this process, except to be hashed."""

import errno
import fcntl
import os
from collections.abc import Callable
from typing import Final

from baremetal.motion.hashing import Hasher, InFile, Zeros
from baremetal.motion.meter import Meter
from baremetal.stores.abilities import LocalWriter
from baremetal.stores.backends.filesystem import data_extents
from baremetal.stores.errors import SourceChanged

#: ``linux/fs.h``: _IOW(0x94, 9, int)
FICLONE: Final = 0x40049409
_CHUNK: Final = 4 << 20
#: What the kernel says where a way between two files is not open.
_NO_WAY: Final = {
    errno.EXDEV,
    errno.EINVAL,
    errno.ENOSYS,
    errno.EOPNOTSUPP,
    errno.ENOTTY,
    errno.EBADF,
    errno.EPERM,
    errno.ETXTBSY,
}

#: From a source to a target, at most so many bytes, from a position: how many were copied.
Mover = Callable[[int, int, int, int], int]


def reflink(source: int, target: int) -> bool:
    """Whether the target could be made to share all blocks of the source."""
    try:
        fcntl.ioctl(target, FICLONE, source)
    except OSError as error:
        if error.errno in _NO_WAY:
            return False
        raise
    return True


def copy_file_range(source: int, target: int, count: int, at: int) -> int:
    """Within the kernel, perhaps within the disk or the server."""
    return os.copy_file_range(source, target, count, at, at)


def sendfile(source: int, target: int, count: int, at: int) -> int:
    """Within the kernel, between any two file systems."""
    os.lseek(target, at, os.SEEK_SET)
    return os.sendfile(target, source, at, count)


def by_hand(source: int, target: int, count: int, at: int) -> int:
    """Through this process, where the kernel has no other way."""
    return os.pwrite(target, os.pread(source, min(count, 1 << 20), at), at)


#: The best first.
MOVERS: tuple[Mover, ...] = (copy_file_range, sendfile, by_hand)


class KernelCopy:
    """Copies a range of a file, holes kept, by the best way that the kernel offers."""

    def __init__(self, source: int, writer: LocalWriter, hasher: Hasher, meter: Meter) -> None:
        """From `source` into `writer`; `hasher` reads what has arrived."""
        self._source = source
        self._writer = writer
        self._target = writer.fileno()
        self._hasher = hasher
        self._meter = meter
        self._movers = list(MOVERS)

    @property
    def way(self) -> str:
        """How it was done."""
        return self._movers[0].__name__

    def copy(self, start: int, size: int, mark: Callable[[int], None]) -> None:
        """Copy from `start` to `size`; `mark` hears of each position that is done.

        :raises SourceChanged: the source is shorter than `size`.
        """
        at = start
        for extent in data_extents(self._source, start, size):
            self._hole(at, extent.start)
            at = extent.start
            while at < extent.end:
                done = self._move(min(_CHUNK, extent.end - at), at)
                self._hasher.feed(InFile(self._target, at, done))
                at += done
                self._meter.add(done)
                mark(at)
        self._hole(at, size)
        mark(size)

    def _hole(self, start: int, end: int) -> None:
        if end > start:
            self._writer.skip(start, end - start)
            self._hasher.feed(Zeros(end - start))
            self._meter.add(end - start, moved=False)

    def _move(self, count: int, at: int) -> int:
        while True:
            try:
                done = self._movers[0](self._source, self._target, count, at)
            except OSError as error:
                if error.errno not in _NO_WAY or len(self._movers) == 1:
                    raise
                del self._movers[0]
                continue
            if not done:
                raise SourceChanged("The source")
            return done
