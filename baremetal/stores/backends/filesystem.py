"""``file://``: objects are files beneath a directory."""

import errno
import fcntl
import os
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import ClassVar

from baremetal.domain.errors import InvalidInput, NotFound, NotSupported
from baremetal.domain.properties import Property
from baremetal.stores.abilities import KnowsHoles, KnowsLeftovers, Leftover, LocalFiles
from baremetal.stores.backends.file_writer import FileWriter, is_unfinished, publish
from baremetal.stores.contract import Bytes, Capabilities, Extent, Stat, Store, Token, Writer
from baremetal.stores.errors import SourceChanged, from_os, told

#: The fewer pieces, the less a server pays for a download, as long as one stays in a
#: processor's own cache between two who look at it: `benchmarks/bytes/sends.py`.
_PIECE = 1 << 19
#: ``linux/fs.h``: _IOW(0x94, 9, int)
_FICLONE = 0x40049409
#: What FICLONE says where the file system has no reflinks.
_CANNOT = {errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS, errno.EPERM}


class FileStore(Store, LocalFiles, KnowsHoles, KnowsLeftovers):
    """Files beneath `root`. A new one is written aside, and linked to its name when whole."""

    scheme = "file"
    properties: ClassVar[tuple[Property, ...]] = (
        Property("root", "The directory that names begin at.", "/var/lib/baremetal/images"),
        Property(
            "sync",
            "Whether an object is on the disk, not only in memory, before it appears: it then "
            "outlasts a power cut, and takes longer.",
            "true",
            kind="boolean",
        ),
        Property("mode", "Permissions of new files, octal.", "0644"),
    )
    capabilities = Capabilities(
        random_write=True,
        reflink=True,
        server_copy=True,
        sparse=True,
        atomic_publish=True,
        resume=True,
        list=True,
    )

    def __init__(self, settings: Mapping[str, object] | None = None) -> None:
        super().__init__(settings)
        self._root = self.settings.text("root", "/")
        self._beneath = self._root.rstrip("/") + "/"
        self._sync = self.settings.flag("sync")
        mode = self.settings.text("mode", "0666")
        try:
            self._mode = int(mode, 8)
        except ValueError:
            raise InvalidInput(f"file/mode must be octal, such as 0644, not '{mode}'.") from None

    def path(self, name: str) -> str:
        """The path of the object.

        :raises InvalidInput: it would lie outside of the store.
        """
        if "\0" in name or (".." in name and ".." in name.split("/")):
            raise InvalidInput(f"'{name!r}' is no name: no '..' and no zero byte may be in it.")
        if name.startswith("./") and self._root == "/":
            return name
        return self._beneath + name.lstrip("/")

    def uri(self, name: str) -> str:
        return super().uri(str(Path(self.path(name)).absolute()))

    def stat(self, name: str) -> Stat:
        path = self.path(name)
        try:
            found = os.stat(path)
        except OSError as error:
            raise from_os(error, self.uri(name)) from error
        return self._described(found, name)

    def _described(self, found: os.stat_result, name: str) -> Stat:
        if S_ISDIR(found.st_mode):
            raise NotFound("Object", f"{self.uri(name)}, which is a directory,")
        if not S_ISREG(found.st_mode):
            size = _device_size(self.path(name))
            return Stat(size, validator=f"device-{found.st_rdev}", name=name)
        return Stat(
            found.st_size,
            validator=_validator(found),
            modified=found.st_mtime,
            allocated=found.st_blocks * 512,
            name=name,
        )

    def open_source(self, name: str, expect: str | None = None) -> int:
        path = self.path(name)
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise from_os(error, self.uri(name)) from error
        if expect is not None and expect != self._described(os.fstat(fd), name).validator:
            os.close(fd)
            raise SourceChanged(self.uri(name))
        return fd

    def read(
        self, name: str, start: int = 0, length: int | None = None, expect: str | None = None
    ) -> Generator[Bytes, None, None]:
        fd = self.open_source(name, expect)
        try:
            at, end = start, None if length is None else start + length
            while end is None or at < end:
                wanted = _PIECE if end is None else min(_PIECE, end - at)
                try:
                    piece = os.pread(fd, wanted, at)
                except OSError as error:
                    raise from_os(error, self.uri(name)) from error
                if not piece:
                    break
                at += len(piece)
                yield piece
                if len(piece) < wanted:
                    break
            if expect is not None and expect != self._described(os.fstat(fd), name).validator:
                raise SourceChanged(self.uri(name))
        finally:
            os.close(fd)

    def extents(self, name: str, start: int = 0) -> Iterator[Extent]:
        fd = self.open_source(name)
        try:
            yield from data_extents(fd, start)
        finally:
            os.close(fd)

    def write(
        self,
        name: str,
        *,
        size: int | None = None,
        replace: bool = False,
        resume: Token | None = None,
    ) -> Writer:
        return self._writer(name, size, replace=replace, resume=resume)

    def _writer(
        self, name: str, size: int | None, *, replace: bool, resume: Token | None = None
    ) -> FileWriter:
        path = self.path(name)
        try:
            return FileWriter(
                path, replace=replace, sync=self._sync, mode=self._mode, size=size, resume=resume
            )
        except OSError as error:
            raise from_os(error, self.uri(name)) from error

    def delete(self, name: str) -> None:
        with told(self.uri(name)):
            try:
                os.unlink(self.path(name))
            except FileNotFoundError:
                return

    def copy(self, source: str, target: str, *, replace: bool = False) -> str:
        fd = self.open_source(source)
        try:
            with self._writer(target, None, replace=replace) as writer:
                try:
                    fcntl.ioctl(writer.fileno(), _FICLONE, fd)
                except OSError as error:
                    if error.errno not in _CANNOT:
                        raise from_os(error, self.uri(target)) from error
                    raise NotSupported(
                        f"{self.uri(target)}: this file system has no reflinks between these two."
                    ) from error
                writer.commit(os.fstat(fd).st_size)
            return "reflink"
        finally:
            os.close(fd)

    def link(self, source: str, target: str) -> None:
        """Give the object a second name, without a copy.

        :raises AlreadyExists: the name is taken.
        """
        with told(self.uri(target)):
            publish(self.path(source), self.path(target), replace=False)

    def list(self, prefix: str = "") -> Iterator[Stat]:
        for name in self._names(prefix):
            if not is_unfinished(os.path.basename(name)):
                try:
                    yield self._described(os.stat(self.path(name)), name)
                except FileNotFoundError:
                    continue

    def _names(self, prefix: str) -> Iterator[str]:
        root = self.path("")
        for folder, folders, files in os.walk(root):
            folders.sort()
            for file in sorted(files):
                name = os.path.relpath(f"{folder}/{file}", root)
                if name.startswith(prefix):
                    yield name

    def leftovers(self, prefix: str = "") -> Iterator[Leftover]:
        for name in self._names(prefix):
            if is_unfinished(os.path.basename(name)):
                try:
                    modified = os.stat(self.path(name)).st_mtime
                except FileNotFoundError:
                    continue
                yield Leftover(self.uri(name), name, modified)

    def discard(self, leftover: Leftover) -> None:
        self.delete(leftover.handle)


def data_extents(fd: int, start: int = 0, end: int | None = None) -> Iterator[Extent]:
    """Where the file has data, by the file system's word; all of it where that has none."""
    end = os.lseek(fd, 0, os.SEEK_END) if end is None else end
    at = start
    while at < end:
        try:
            data = os.lseek(fd, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return
            yield Extent(at, end - at)
            return
        hole = min(os.lseek(fd, data, os.SEEK_HOLE), end)
        if data >= end:
            return
        yield Extent(data, hole - data)
        at = hole


def _validator(found: os.stat_result) -> str:
    return f"{found.st_dev:x}-{found.st_ino:x}-{found.st_size:x}-{found.st_mtime_ns:x}"


def _device_size(path: str) -> int:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.lseek(fd, 0, os.SEEK_END)
    except OSError as error:
        raise NotSupported(f"{path} is neither a file nor a block device.") from error
    finally:
        os.close(fd)
