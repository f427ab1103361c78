"""What stores of block devices share: QEMU opens the device, in user space, we speak NBD."""

import threading
from abc import abstractmethod
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from baremetal.domain.errors import NotFound
from baremetal.stores.abilities import BlockNode, BlockNodes, KnowsHoles
from baremetal.stores.contract import Bytes, Capabilities, Extent, Stat, Store, Token, Writer
from baremetal.stores.errors import StoreFull
from baremetal.stores.qemu import Export, Limits

#: How long a device that nobody uses stays open for the next one, seconds.
_LINGER: Final = 2.0
#: Libraries of clusters reserve address space by gigabytes.
_LIMITS: Final = Limits(memory=None, cpu=None)


@dataclass
class _Open:
    """A device that is open for reading, and for how many."""

    export: Export
    validator: str | None
    users: int = 0
    closing: threading.Timer | None = None


@dataclass
class _Opened:
    """The devices that a store has open."""

    by_name: dict[str, _Open] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class BlockStore(Store, BlockNodes, KnowsHoles):
    """Devices that are there already; what is written is seen at once."""

    capabilities = Capabilities(random_write=True, sparse=True, resume=True, deletable=False)

    def __init__(self, settings: dict[str, object] | None = None) -> None:
        super().__init__(settings)
        self._opened = _Opened()

    @abstractmethod
    def block_node(self, name: str) -> BlockNode: ...

    @property
    def blank(self) -> bool:
        """Whether devices read as zeros before they are written, so that none need be written."""
        return False

    def described(self, name: str) -> Stat:
        """What is known of the device without opening it.

        :raises NotFound: there is none, if that can be told.
        """
        return Stat(None, name=name)

    def open(self, name: str, *, writable: bool = False, size: int | None = None) -> Export:
        """The device, opened for one user; `size` if it is known to the byte."""
        return Export(self.block_node(name), writable=writable, limits=_LIMITS, size=size)

    @contextmanager
    def reading(self, name: str) -> Iterator[tuple[Export, str | None]]:
        """The device, shared by all who read it, and its validator when it was opened."""
        opened = self._opened
        with opened.lock:
            there = opened.by_name.get(name)
            if there is None:
                known = self.described(name)
                export = self.open(name, size=known.size)
                there = opened.by_name[name] = _Open(export, known.validator)
            there.users += 1
            if there.closing is not None:
                there.closing.cancel()
                there.closing = None
        try:
            yield there.export, there.validator
        finally:
            with opened.lock:
                there.users -= 1
                if not there.users:
                    there.closing = threading.Timer(_LINGER, self._close, (name, there))
                    there.closing.daemon = True
                    there.closing.start()

    def _close(self, name: str, there: _Open) -> None:
        with self._opened.lock:
            if there.users or self._opened.by_name.get(name) is not there:
                return
            del self._opened.by_name[name]
        there.export.close()

    def forget(self, name: str) -> None:
        """Close the device now, unless somebody reads it."""
        with self._opened.lock:
            there = self._opened.by_name.get(name)
        if there is not None:
            self._close(name, there)

    def stat(self, name: str) -> Stat:
        with self.reading(name) as (export, _):
            return Stat(export.size, name=name)

    def read(
        self, name: str, start: int = 0, length: int | None = None, expect: str | None = None
    ) -> Generator[Bytes, None, None]:
        with self.reading(name) as (export, _):
            yield from export.read(start, length)

    def extents(self, name: str, start: int = 0) -> Iterator[Extent]:
        with self.reading(name) as (export, _):
            yield from export.extents(start)

    def write(
        self,
        name: str,
        *,
        size: int | None = None,
        replace: bool = False,
        resume: Token | None = None,
    ) -> Writer:
        if resume is not None and resume.get("device") != name:
            raise NotFound("Interrupted write", name)
        export = self.open(name, writable=True)
        if size is not None and size > export.size:
            export.close()
            raise StoreFull(f"{self.uri(name)} has {export.size} bytes; {size} do not fit.")
        return DeviceWriter(self, name, export, self.uri(name))


class DeviceWriter(Writer):
    """Writes to a device, from any thread, in any order."""

    def __init__(self, store: BlockStore, device: str, export: Export, what: str) -> None:
        """Write to `export`, which is `device` of `store`."""
        self._blocks = store
        #: Whether zeros need not be written.
        self.blank = store.blank
        self._device = device
        self._export = export
        self._what = what

    @contextmanager
    def lent(self) -> Iterator[BlockNode]:
        """The device for QEMU to write to by itself; nobody else writes meanwhile."""
        size = self._export.size
        self._export.close()
        yield self._blocks.block_node(self._device)
        self._export = self._blocks.open(self._device, writable=True, size=size)

    def write(self, position: int, data: Bytes) -> None:
        if position + len(data) > self._export.size:
            raise StoreFull(f"{self._what} has {self._export.size} bytes; that is not enough.")
        self._export.write(position, data)

    def skip(self, position: int, length: int) -> None:
        """Zeros: the device may hold old bytes. Where it can, it lets go of its blocks."""
        if position + length > self._export.size:
            raise StoreFull(f"{self._what} has {self._export.size} bytes; that is not enough.")
        if not self.blank:
            self._export.zeroes(position, length)

    def read_back(self, position: int, length: int) -> bytes | None:
        return b"".join(bytes(piece) for piece in self._export.read(position, length))

    def checkpoint(self) -> Token:
        self._export.flush()
        return {"device": self._device}

    def commit(self, size: int) -> Stat:
        self._export.flush()
        self.close()
        return Stat(size)

    def abort(self) -> None:
        """What was written stays: the device has no other bytes to go back to."""
        self.close()

    def close(self) -> None:
        if not self._ended:
            self._ended = True
            self._export.close()
