"""A client of the NBD protocol, as far as QEMU's server needs one.

Source of numbers and layouts: the protocol's description, doc/proto.md of the nbd project.
"""

import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from baremetal.stores.contract import Bytes, Extent
from baremetal.stores.errors import StoreError

_SERVER: Final = b"NBDMAGIC"
_OPTION: Final = b"IHAVEOPT"
_OPTION_REPLY: Final = 0x3E889045565A9
_REQUEST: Final = 0x25609513
_SIMPLE: Final = 0x67446698
_STRUCTURED: Final = 0x668E33EF
_FIXED_NO_ZEROES: Final = 3
_GO, _USE_STRUCTURED, _SET_CONTEXT = 7, 8, 10
_ACK, _INFO, _CONTEXT, _ERROR_BIT = 1, 3, 4, 1 << 31
_READ, _WRITE, _DISCONNECT, _FLUSH, _ZEROES, _STATUS = 0, 1, 2, 3, 6, 7
_DONE: Final = 1
_OFFSET_DATA, _OFFSET_HOLE, _BLOCK_STATUS, _CHUNK_ERROR = 1, 2, 5, 1 << 15
_READS_AS_ZERO: Final = 2
_FAST_ENOUGH: Final = 1 << 30
_CONTEXT_NAME: Final = b"base:allocation"
#: What one request may carry.
LARGEST: Final = 2 << 20


class NbdError(StoreError):
    """The server refuses, or does not speak NBD."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    """The head of an answer, or of a part of one."""

    kind: int
    last: bool
    length: int
    error: int = 0
    #: Without structure: what is read follows at once.
    simple: bool = False


class NbdClient:
    """One connection: one request at a time, safe for several threads."""

    def __init__(self, path: str, timeout: float, *, structured: bool = True) -> None:
        """Connect to the server's default export; not `structured`, it tells of no holes.

        :raises OSError: nobody listens, or does not answer within `timeout`, seconds.
        :raises NbdError: the server refuses.
        """
        self._lock = threading.Lock()
        self._handle = 0
        self.size = 0
        self._context = False
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(timeout)
            self._socket.connect(path)
            self._greet(structured=structured)
        except BaseException:
            self._socket.close()
            raise

    def _greet(self, *, structured: bool) -> None:
        if self._receive(8) != _SERVER or self._receive(8) != _OPTION:
            raise NbdError("That is no NBD server.")
        self._receive(2)
        self._socket.sendall(struct.pack(">I", _FIXED_NO_ZEROES))
        if structured and self._option(_USE_STRUCTURED, b""):
            query = struct.pack(">III", 0, 1, len(_CONTEXT_NAME)) + _CONTEXT_NAME
            self._context = self._option(_SET_CONTEXT, query)
        if not self._option(_GO, struct.pack(">IH", 0, 0)):
            raise NbdError("The NBD server has no such export.")

    def _option(self, number: int, data: bytes) -> bool:
        self._socket.sendall(_OPTION + struct.pack(">II", number, len(data)) + data)
        while True:
            magic, _number, kind, length = struct.unpack(">QIII", self._receive(20))
            body = self._receive(length)
            if magic != _OPTION_REPLY:
                raise NbdError("The NBD server answers nonsense.")
            if kind == _INFO and struct.unpack(">H", body[:2])[0] == 0:
                self.size = struct.unpack(">Q", body[2:10])[0]
            elif kind == _ACK:
                return True
            elif kind & _ERROR_BIT:
                return False

    def _receive(self, count: int) -> bytes:
        buffer = bytearray(count)
        self._receive_into(memoryview(buffer))
        return bytes(buffer)

    def _receive_into(self, view: memoryview) -> None:
        while view:
            got = self._socket.recv_into(view)
            if not got:
                raise ConnectionResetError("the NBD server has gone")
            view = view[got:]

    def _send(self, kind: int, start: int, length: int, data: Bytes = b"") -> None:
        self._handle += 1
        head = struct.pack(">IHHQQI", _REQUEST, 0, kind, self._handle, start, length)
        if data:
            self._socket.sendmsg([head])
            self._socket.sendall(data)
        else:
            self._socket.sendall(head)

    def _chunk(self) -> _Chunk:
        magic = struct.unpack(">I", self._receive(4))[0]
        if magic == _SIMPLE:
            error, _handle = struct.unpack(">IQ", self._receive(12))
            return _Chunk(0, last=True, length=0, error=error, simple=True)
        if magic != _STRUCTURED:
            raise NbdError("The NBD server answers nonsense.")
        flags, kind, _handle, length = struct.unpack(">HHQI", self._receive(16))
        return _Chunk(kind, last=bool(flags & _DONE), length=length)

    def _refuse(self, chunk: _Chunk) -> None:
        """Raise what the server says.

        :raises NbdError: if it says that something failed.
        """
        if chunk.kind & _CHUNK_ERROR:
            body = self._receive(chunk.length)
            error, length = struct.unpack(">IH", body[:6])
            raise NbdError(f"QEMU says: {body[6 : 6 + length].decode()} (error {error}).")
        if chunk.error:
            raise NbdError(f"QEMU says: error {chunk.error}.")

    def read(self, start: int, length: int) -> bytearray:
        """The bytes from `start`, at most `LARGEST`."""
        buffer = bytearray(length)
        view = memoryview(buffer)
        with self._lock:
            self._send(_READ, start, length)
            last = False
            while not last:
                chunk = self._chunk()
                last = chunk.last
                self._refuse(chunk)
                if chunk.kind == _OFFSET_DATA:
                    at = struct.unpack(">Q", self._receive(8))[0] - start
                    self._receive_into(view[at : at + chunk.length - 8])
                elif chunk.kind == _OFFSET_HOLE:
                    self._receive(chunk.length)
                elif chunk.simple:
                    self._receive_into(view)
        return buffer

    def write(self, start: int, data: Bytes) -> None:
        """Put `data`, at most `LARGEST`, at `start`."""
        self._simple(_WRITE, start, len(data), data)

    def zeroes(self, start: int, length: int) -> None:
        """Let zeros stand there."""
        while length > 0:
            step = min(length, _FAST_ENOUGH)
            self._simple(_ZEROES, start, step)
            start, length = start + step, length - step

    def flush(self) -> None:
        """Return when all that was written is where it lasts."""
        self._simple(_FLUSH, 0, 0)

    def _simple(self, kind: int, start: int, length: int, data: Bytes = b"") -> None:
        with self._lock:
            self._send(kind, start, length, data)
            while True:
                chunk = self._chunk()
                self._refuse(chunk)
                if chunk.last:
                    return

    def extents(self, start: int) -> Iterator[Extent]:
        """Runs of data from `start` on, by the server's word."""
        at = start
        begin = None
        while at < self.size:
            for length, flags in self._statuses(at) if self._context else [(self.size - at, 0)]:
                if flags & _READS_AS_ZERO and begin is not None:
                    yield Extent(begin, at - begin)
                    begin = None
                elif not flags & _READS_AS_ZERO and begin is None:
                    begin = at
                at += length
        if begin is not None:
            yield Extent(begin, min(at, self.size) - begin)

    def _statuses(self, start: int) -> list[tuple[int, int]]:
        # QEMU insists on a multiple of what it tells, of which 64 KiB always is one.
        length = min(self.size - start, _FAST_ENOUGH)
        found: list[tuple[int, int]] = []
        with self._lock:
            self._send(_STATUS, start, length)
            last = False
            while not last:
                chunk = self._chunk()
                last = chunk.last
                self._refuse(chunk)
                if chunk.kind == _BLOCK_STATUS:
                    body = self._receive(chunk.length)[4:]
                    found += struct.iter_unpack(">II", body)
        if not found:
            raise NbdError("The NBD server does not say where there is data.")
        return found

    def close(self) -> None:
        """Leave in order."""
        try:
            self._send(_DISCONNECT, 0, 0)
        except OSError:
            pass
        finally:
            self._socket.close()
