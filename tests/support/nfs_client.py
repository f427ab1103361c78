"""An NFS client in user space, by libnfs; to be run where the client is: ``nfs_client.py --help``.

It asks as root, which is why a path must be open to root on the server.
"""

import argparse
import ctypes
import ctypes.util
import os
import sys

_NAME = ctypes.util.find_library("nfs") or "libnfs.so.13"
#: The library has room for no more in a request of NFS 4.
_PIECE = 3000


class NfsError(Exception):
    """What the server, or the library, says."""


class Nfs:
    """A mounted export."""

    def __init__(self, server: str, path: str) -> None:
        self._nfs = ctypes.CDLL(_NAME)
        for name in ("nfs_init_context", "nfs_get_error"):
            getattr(self._nfs, name).restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._nfs.nfs_init_context())
        self._do("nfs_set_version", ctypes.c_int(4))
        self._do("nfs_mount", server.encode(), path.encode())

    def _do(self, name: str, *arguments: object) -> int:
        done = int(getattr(self._nfs, name)(self._context, *arguments))
        if done < 0:
            text = ctypes.cast(self._nfs.nfs_get_error(self._context), ctypes.c_char_p).value
            raise NfsError(f"{name}: {os.strerror(-done)}: {(text or b'').decode()}")
        return done

    def open(self, path: str, flags: int) -> ctypes.c_void_p:
        handle = ctypes.c_void_p()
        self._do("nfs_open", path.encode(), ctypes.c_int(flags), ctypes.byref(handle))
        return handle

    def write(self, path: str, data: bytes) -> None:
        try:
            handle = self.open(path, os.O_WRONLY)
        except NfsError:
            handle = self.open(path, os.O_WRONLY | os.O_CREAT)
        self._do("nfs_ftruncate", handle, ctypes.c_uint64(0))
        at = 0
        while at < len(data):
            piece = data[at : at + _PIECE]
            place = ctypes.c_uint64(at), ctypes.c_uint64(len(piece))
            at += self._do("nfs_pwrite", handle, *place, piece)
        self._do("nfs_close", handle)

    def read(self, path: str) -> bytes:
        handle = self.open(path, os.O_RDONLY)
        buffer, data = ctypes.create_string_buffer(_PIECE), b""
        while count := self._do("nfs_read", handle, ctypes.c_uint64(_PIECE), buffer):
            data += buffer.raw[:count]
        self._do("nfs_close", handle)
        return data


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=("read", "write"))
    parser.add_argument("location", help="host:/path, as it would be mounted")
    parser.add_argument("name", help="of the file")
    words = parser.parse_args()
    server, _, path = words.location.rpartition(":/")
    try:
        nfs = Nfs(server.strip("[]"), f"/{path}")
        if words.verb == "write":
            nfs.write(f"/{words.name}", sys.stdin.buffer.read())
        else:
            sys.stdout.buffer.write(nfs.read(f"/{words.name}"))
    except NfsError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
