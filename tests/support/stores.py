"""A store like a distant one: nothing is a local file to it, and it fails as it is told to."""

import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from baremetal.domain.errors import NotFound, Unavailable
from baremetal.motion import Outcome, Wishes, transfer
from baremetal.stores import Bytes, Capabilities, DataObject, Stat, Store, Token, Writer
from baremetal.stores.backends.filesystem import FileStore

#: How long other threads may take for what they were about to do, seconds.
_PATIENCE = 10.0

#: What it can do, as S3 would.
PARTS = Capabilities(part_size=1 << 20, atomic_publish=True, resume=True, list=True)
IN_ORDER = Capabilities(atomic_publish=True)
ANY_ORDER = Capabilities(random_write=True, atomic_publish=True, sparse=True, resume=True)


class DistantStore(Store):
    """Objects of a `FileStore` beneath `root`, without any shortcut."""

    scheme = "distant"
    properties = FileStore.properties

    def __init__(
        self, settings: Mapping[str, object] | None = None, can: Capabilities = ANY_ORDER
    ) -> None:
        super().__init__(settings)
        self._files = FileStore(settings)
        self.capabilities = can
        #: Called before each piece that is read, with its position; may raise.
        self.before_piece: Callable[[int], None] = lambda _at: None
        #: Most reads at a time so far.
        self.most_readers = 0
        self._readers = 0
        self._lock = threading.Lock()

    def limited(self, **changes: bool) -> "DistantStore":
        """The same, but less able."""
        self.capabilities = replace(self.capabilities, **changes)
        return self

    def stat(self, name: str) -> Stat:
        return self._files.stat(name)

    def read(
        self, name: str, start: int = 0, length: int | None = None, expect: str | None = None
    ) -> Generator[Bytes, None, None]:
        with self._lock:
            self._readers += 1
            self.most_readers = max(self.most_readers, self._readers)
        try:
            at = start
            for piece in self._files.read(name, start, length, expect):
                for begin in range(0, len(piece), 65536):
                    self.before_piece(at)
                    part = piece[begin : begin + 65536]
                    at += len(part)
                    yield part
        finally:
            with self._lock:
                self._readers -= 1

    def write(
        self,
        name: str,
        *,
        size: int | None = None,
        replace: bool = False,
        resume: Token | None = None,
    ) -> Writer:
        inner = self._files.write(name, size=size, replace=replace, resume=resume)
        return _DistantWriter(inner, self.capabilities)

    def list(self, prefix: str = "") -> Iterator[Stat]:
        return self._files.list(prefix)


class _DistantWriter(Writer):
    """Insists on the order that the store claims to need."""

    def __init__(self, inner: Writer, can: Capabilities) -> None:
        self._inner = inner
        self._can = can
        self._next = 0

    def write(self, position: int, data: Bytes) -> None:
        step = self._can.part_size
        if not self._can.random_write:
            whole = step is not None and position % step == 0
            assert whole or position == self._next, f"{position} after {self._next}"
        self._inner.write(position, data)
        self._next = position + len(data)

    def skip(self, position: int, length: int) -> None:
        self._inner.skip(position, length)
        self._next = position + length

    def commit(self, size: int) -> Stat:
        self._ended = True
        return self._inner.commit(size)

    def abort(self) -> None:
        self._ended = True
        self._inner.abort()

    def close(self) -> None:
        self._ended = True
        self._inner.close()

    def checkpoint(self) -> Token:
        return self._inner.checkpoint()


def _wait_for(true: Callable[[], bool]) -> None:
    """Give other threads time for it, but not without an end."""
    deadline = time.monotonic() + _PATIENCE
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)


def cut_and_resumed(
    there: DataObject,
    path: Path,
    wishes: Wishes,
    at: int,
    meanwhile: Callable[[], None] = lambda: None,
) -> Outcome:
    """Copy `path` with the line cut after `at` bytes, which leaves nothing; then go on."""
    far = DistantStore()

    def cut(reached: int) -> None:
        if reached > at:
            _wait_for(lambda: isinstance(wishes.checkpoint, Path) and wishes.checkpoint.exists())
            raise Unavailable("The line was cut.")

    far.before_piece = cut
    with pytest.raises(Unavailable, match="cut"):
        transfer(DataObject(far, str(path)), there, wishes)
    with pytest.raises(NotFound):
        there.store.stat(there.name)
    meanwhile()
    return transfer(DataObject(DistantStore(), str(path)), there, wishes)


class Flaky:
    """Fails each time that so many pieces have been given."""

    def __init__(self, each: int) -> None:
        self._each = each
        self._count = 0
        self._lock = threading.Lock()
        self.failures = 0

    def __call__(self, _at: int) -> None:
        with self._lock:
            self._count += 1
            if self._count % self._each == 0:
                self.failures += 1
                raise Unavailable("The line was cut.")
