"""A disk, or a file that stands for one: reads, writes, zeros."""

import errno
import fcntl
import os
import stat
import struct
from collections.abc import Callable
from typing import Final, Self

MIB: Final = 1 << 20
# linux/fs.h
_BLKRRPART: Final = 0x125F
_BLKGETSIZE64: Final = 0x80081272
_BLKZEROOUT: Final = 0x127F
#: Zeroed by one call, so that progress can be told between calls.
_ZEROED_AT_ONCE: Final = 256 * MIB

#: Is told how many bytes are done.
Report = Callable[[int], None]


class Disk:
    """Open for reading and writing; use it in a ``with``."""

    def __init__(self, path: str) -> None:
        """Open it.

        :raises OSError: it is not there, or cannot be written.
        """
        self.path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self._is_block = stat.S_ISBLK(os.fstat(self._fd).st_mode)
        self.size = self._size()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    def read(self, position: int, length: int) -> bytes:
        """So many bytes, fewer at its end."""
        return os.pread(self._fd, length, position)

    def write(self, position: int, data: bytes | bytearray | memoryview) -> None:
        """All of `data`, from `position` on.

        :raises OSError: its end is before theirs.
        """
        view = memoryview(data)
        if position + len(view) > self.size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.path)
        while view:
            written = os.pwrite(self._fd, view, position)
            position, view = position + written, view[written:]

    def zero(self, position: int, length: int, report: Report = lambda _done: None) -> None:
        """Let it read as zeros there; the disk does it by itself where it can."""
        done = 0
        while done < length:
            piece = min(length - done, _ZEROED_AT_ONCE)
            self._zero(position + done, piece)
            done += piece
            report(done)

    def flush(self) -> None:
        """Return when all that was written will outlive a power cut."""
        os.fsync(self._fd)

    def reread_partitions(self) -> None:
        """Let the kernel see the partitions that are there now, where it is a disk."""
        if self._is_block:
            fcntl.ioctl(self._fd, _BLKRRPART)

    def _size(self) -> int:
        if not self._is_block:
            return os.fstat(self._fd).st_size
        (size,) = struct.unpack("Q", fcntl.ioctl(self._fd, _BLKGETSIZE64, bytes(8)))
        return int(size)

    def _zero(self, position: int, length: int) -> None:
        if self._is_block and not (position | length) % 4096:
            fcntl.ioctl(self._fd, _BLKZEROOUT, struct.pack("QQ", position, length))
            return
        empty = bytes(min(length, MIB))
        for start in range(0, length, MIB):
            self.write(position + start, memoryview(empty)[: min(MIB, length - start)])
