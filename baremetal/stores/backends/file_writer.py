"""A file that nobody sees until it is whole."""

import errno
import os
import secrets
from stat import S_ISBLK

from baremetal.domain.errors import NotFound
from baremetal.stores.abilities import LocalWriter
from baremetal.stores.contract import Bytes, Stat, Token
from baremetal.stores.errors import from_os, told

_PREFIX = ".baremetal-"
_SUFFIX = ".part"
_SMALL = 1 << 20
#: What O_TMPFILE says where the file system has no such thing.
_NO_TMPFILE = {errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL}


def is_unfinished(file: str) -> bool:
    """Whether a file's name is that of an object on its way."""
    return file.startswith(_PREFIX) and file.endswith(_SUFFIX)


class FileWriter(LocalWriter):
    """Writes to a file without a name, which the kernel drops if we die; `commit` names it.

    A checkpoint gives it a name of its own, ``.baremetal-....part``, to be found again.
    """

    def __init__(
        self,
        path: str,
        *,
        replace: bool = False,
        sync: bool = False,
        mode: int = 0o666,
        size: int | None = None,
        resume: Token | None = None,
    ) -> None:
        """Begin the file, or go on with it; `size` if it is known.

        :raises NotFound: there is nothing left of `resume`.
        """
        self._path = path
        self._folder = path.rpartition("/")[0] or ("/" if path.startswith("/") else ".")
        #: The first byte after all that was written, unless others write too.
        self._end_of_data: int | None = 0 if resume is None else None
        self._replace = replace
        self._sync = sync
        self._part: str | None = None
        self._device = False
        if resume is not None:
            self._part = self._of_token(resume)
            try:
                self._fd = os.open(self._part, os.O_RDWR | os.O_CLOEXEC)
            except FileNotFoundError as error:
                raise NotFound("Interrupted write", self._part) from error
            return
        # What is small is refused soon enough when it gets its name.
        look = size is None or size > _SMALL or path.startswith("/dev/")
        if look and not replace and os.path.lexists(path) and not self._is_device():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        self._fd = self._begin(mode)

    def _is_device(self) -> bool:
        try:
            self._device = S_ISBLK(os.stat(self._path).st_mode)
        except FileNotFoundError:
            return False
        return self._device

    def _begin(self, mode: int) -> int:
        if self._device or (self._replace and self._is_device()):
            return os.open(self._path, os.O_RDWR | os.O_CLOEXEC | os.O_EXCL)
        flags = os.O_RDWR | os.O_CLOEXEC
        try:
            return os.open(self._folder, flags | os.O_TMPFILE, mode)
        except OSError as error:
            if error.errno not in _NO_TMPFILE:
                raise
        os.makedirs(self._folder, exist_ok=True)
        try:
            return os.open(self._folder, flags | os.O_TMPFILE, mode)
        except OSError as error:
            if error.errno not in _NO_TMPFILE:
                raise
        self._part = self._new_part()
        return os.open(self._part, flags | os.O_CREAT | os.O_EXCL, mode)

    def _new_part(self) -> str:
        return f"{self._folder}/{_PREFIX}{secrets.token_hex(8)}{_SUFFIX}"

    def _of_token(self, token: Token) -> str:
        file = str(token.get("part", ""))
        if not is_unfinished(file) or "/" in file:
            raise NotFound("Interrupted write", file)
        return f"{self._folder}/{file}"

    def fileno(self) -> int:
        self._end_of_data = None
        return self._fd

    def write(self, position: int, data: Bytes) -> None:
        try:
            done = os.pwrite(self._fd, data, position)
            while done < len(data):
                done += os.pwrite(self._fd, memoryview(data)[done:], position + done)
        except OSError as error:
            raise from_os(error, self._path) from error
        if self._end_of_data is not None and self._end_of_data < position + done:
            self._end_of_data = position + done

    def skip(self, position: int, length: int) -> None:
        """Nothing: what was not written is a hole. A device may hold old bytes: zeros."""
        if self._device:
            zeros = bytes(min(length, 1 << 20))
            for at in range(position, position + length, len(zeros)):
                self.write(at, memoryview(zeros)[: position + length - at])

    def read_back(self, position: int, length: int) -> bytes | None:
        return os.pread(self._fd, length, position)

    def checkpoint(self) -> Token:
        """Name what is there. It outlasts this process; what a power cut took, a hash finds."""
        if self._device:
            return {}
        with told(self._path):
            if self._part is None:
                part = self._new_part()
                self._name_it(part)
                self._part = part
        return {"part": os.path.basename(self._part)}

    def commit(self, size: int) -> Stat:
        try:
            if self._device:
                os.fdatasync(self._fd)
                self._end()
                return Stat(size)
            if self._end_of_data != size and os.fstat(self._fd).st_size != size:
                os.ftruncate(self._fd, size)
            if self._sync:
                os.fdatasync(self._fd)
            self._publish()
            found = os.fstat(self._fd)
            if self._sync:
                sync_folder(self._folder)
        except OSError as error:
            raise from_os(error, self._path) from error
        self._end()
        return Stat(
            found.st_size,
            validator=f"{found.st_dev:x}-{found.st_ino:x}-{found.st_size:x}-{found.st_mtime_ns:x}",
            modified=found.st_mtime,
            allocated=found.st_blocks * 512,
        )

    def _publish(self) -> None:
        if self._part is not None:
            publish(self._part, self._path, replace=self._replace, move=True)
            return
        if self._replace:
            # A link cannot replace a name, a rename can.
            part = self._new_part()
            self._name_it(part)
            os.replace(part, self._path)
        else:
            self._name_it(self._path)

    def _name_it(self, path: str) -> None:
        # Only with a directory's descriptor does Python ask the kernel to follow the link in
        # /proc; to an absolute path that descriptor means nothing.
        os.link(f"/proc/self/fd/{self._fd}", path, src_dir_fd=self._fd, follow_symlinks=True)

    def abort(self) -> None:
        part, self._part = self._part, None
        self._end()
        if part is not None:
            try:
                os.unlink(part)
            except FileNotFoundError:
                return

    def close(self) -> None:
        self._end()

    def _end(self) -> None:
        self._ended = True
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def publish(source: str, target: str, *, replace: bool, move: bool = False) -> None:
    """Give a file its name at once; of two who publish the same name without `replace`, one wins.

    :raises FileExistsError: the name is taken.
    """
    if replace:
        os.replace(source, target)
        return
    os.link(source, target)
    if move:
        os.unlink(source)


def sync_folder(path: str) -> None:
    """See a folder's names to the disk."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
