"""A tree of files into another one: owners, modes, times, attributes, links and holes kept.

Nothing is deleted, neither in the source nor in the target. What the target has already, with
the same size and time, stays: so an interrupted copy is taken up by doing it again.
"""

import contextlib
import errno
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from baremetal.motion.hashing import Digests, Hasher
from baremetal.motion.kernel import KernelCopy, reflink
from baremetal.motion.meter import Meter
from baremetal.motion.wishes import Wishes
from baremetal.stores.backends.file_writer import FileWriter, is_unfinished
from baremetal.stores.errors import SourceChanged, StoreError, told

#: Attributes that a file system, or the kernel, would not let us set: not worth failing for.
_UNSETTABLE: Final = {errno.EOPNOTSUPP, errno.EPERM, errno.EACCES, errno.ENODATA}


def copy_tree(
    source: Path, target: Path, wishes: Wishes, meter: Meter
) -> tuple[int, dict[str, str]]:
    """Make `target` hold all that `source` holds; the bytes of all files, and their digest.

    The digest is one over the names, kinds, sizes and contents' digests, in order of the names:
    two trees have the same if they hold the same.

    :raises SourceChanged: a file changed while it was copied.
    """
    copy = _TreeCopy(wishes, meter)
    with told(source):
        target.mkdir(parents=True, exist_ok=True)
        copy.directory(os.fsencode(source), os.fsencode(target), b"")
    return copy.size, copy.digests.hexdigests()


@dataclass
class _TreeCopy:
    wishes: Wishes
    meter: Meter
    size: int = 0
    #: Device and inode of files with several names -> the first copy's path.
    _linked: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.digests = Digests(self.wishes.hashes)

    def directory(self, source: bytes, target: bytes, name: bytes) -> None:
        """Copy what is in a directory, then what it is itself: its times change by its files."""
        for entry in sorted(os.scandir(source), key=lambda each: each.name):
            if is_unfinished(os.fsdecode(entry.name)):
                continue
            here, there = entry.path, target + b"/" + entry.name
            inner = name + b"/" + entry.name if name else entry.name
            found = entry.stat(follow_symlinks=False)
            self._note(inner, found)
            if stat.S_ISDIR(found.st_mode):
                _make_folder(there)
                self.directory(here, there, inner)
            elif not self._another_name(found, there):
                self._one(here, there, found)
        _keep_attributes(source, target, os.stat(source))

    def _note(self, name: bytes, found: os.stat_result) -> None:
        size = found.st_size if stat.S_ISREG(found.st_mode) else 0
        self.digests.update(b"%s\0%o\0%d\0" % (name, stat.S_IFMT(found.st_mode), size))

    def _another_name(self, found: os.stat_result, there: bytes) -> bool:
        """Whether it is a file that was copied under another name, and is linked now."""
        if found.st_nlink < 2:
            return False
        first = self._linked.setdefault((found.st_dev, found.st_ino), there)
        if first == there:
            return False
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.lstat(first), os.lstat(there)):
                return True
            os.unlink(there)
        os.link(first, there, follow_symlinks=False)
        return True

    def _one(self, here: bytes, there: bytes, found: os.stat_result) -> None:
        kind = stat.S_IFMT(found.st_mode)
        if kind == stat.S_IFREG:
            self._file(here, there, found)
            return
        with contextlib.suppress(FileNotFoundError):
            os.unlink(there)
        if kind == stat.S_IFLNK:
            os.symlink(os.readlink(here), there)
        elif kind == stat.S_IFSOCK:
            return
        else:
            os.mknod(there, found.st_mode, found.st_rdev)
        _keep_attributes(here, there, found)

    def _file(self, here: bytes, there: bytes, found: os.stat_result) -> None:
        if _same(there, found):
            self._hash_of(there)
            self.meter.add(found.st_size, moved=False)
            self.size += found.st_size
            return
        fd = os.open(here, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        digests = Digests(self.wishes.hashes)
        path = os.fsdecode(there)
        try:
            with FileWriter(path, replace=True, mode=0o600) as writer:
                hasher = Hasher(digests)
                if found.st_size and reflink(fd, writer.fileno()):
                    digests.file(writer.fileno(), 0, found.st_size if digests else 0)
                    self.meter.add(found.st_size, moved=False)
                else:
                    KernelCopy(fd, writer, hasher, self.meter).copy(
                        0, found.st_size, lambda _at: None
                    )
                now = os.fstat(fd)
                if (now.st_size, now.st_mtime_ns) != (found.st_size, found.st_mtime_ns):
                    raise SourceChanged(os.fsdecode(here))
                os.ftruncate(writer.fileno(), found.st_size)
                _keep_attributes(here, writer.fileno(), found)
                writer.commit(found.st_size)
        finally:
            os.close(fd)
        self._add(digests)
        self.size += found.st_size

    def _hash_of(self, path: bytes) -> None:
        digests = Digests(self.wishes.hashes)
        if digests:
            with open(path, "rb") as file:
                digests.file(file.fileno(), 0, os.fstat(file.fileno()).st_size)
        self._add(digests)

    def _add(self, digests: Digests) -> None:
        for name, digest in sorted(digests.hexdigests().items()):
            self.digests.update(f"{name}:{digest}\0".encode())


def _make_folder(path: bytes) -> None:
    """Make a directory, or be content with one; a link to another place is none.

    :raises StoreError: something else is there.
    """
    try:
        os.mkdir(path, 0o700)
    except FileExistsError as error:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            raise StoreError(
                f"{os.fsdecode(path)} is no directory in the target, but is one in the source. "
                "Move it away, and copy again."
            ) from error


def _same(there: bytes, found: os.stat_result) -> bool:
    """Whether an earlier copy has brought it already: it sets the time last of all."""
    try:
        now = os.lstat(there)
    except FileNotFoundError:
        return False
    return (
        stat.S_ISREG(now.st_mode)
        and now.st_size == found.st_size
        and now.st_mtime_ns == found.st_mtime_ns
        and stat.S_IMODE(now.st_mode) == stat.S_IMODE(found.st_mode)
    )


def _keep_attributes(source: bytes, target: bytes | int, found: os.stat_result) -> None:
    """Owner, extended attributes, mode and times: in this order, each may undo the next one."""
    link = stat.S_ISLNK(found.st_mode)
    # Of an open file there is no other to follow to.
    follow = isinstance(target, int)
    with contextlib.suppress(PermissionError):
        os.chown(target, found.st_uid, found.st_gid, follow_symlinks=follow)
    for name in _attributes(source):
        try:
            value = os.getxattr(source, name, follow_symlinks=False)
            os.setxattr(target, name, value, follow_symlinks=follow)
        except OSError as error:
            if error.errno not in _UNSETTABLE:
                raise
    if not link:
        os.chmod(target, stat.S_IMODE(found.st_mode))
    os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns), follow_symlinks=follow)


def _attributes(path: bytes) -> list[str]:
    try:
        return os.listxattr(path, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _UNSETTABLE:
            raise
        return []
