"""Where a transfer's bytes come from: an object as it lies there, or what is made of it."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from contextlib import closing

from baremetal.domain.errors import Unavailable
from baremetal.motion.meter import Meter
from baremetal.stores import Bytes, DataObject, Extent, Stat
from baremetal.stores.abilities import KnowsHoles


class Source(ABC):
    """Bytes to be moved."""

    #: None where it comes out at the end.
    size: int | None
    #: Whether any range can be read, by several threads.
    random: bool
    #: Whether these are the object's bytes as they lie there.
    plain: bool = True

    @abstractmethod
    def read(self, start: int, length: int | None) -> Generator[Bytes, None, None]:
        """The bytes from `start`, in pieces."""

    def extents(self, start: int) -> Iterator[Extent] | None:
        """Where there is data, if that is known."""
        return None

    def digests(self) -> dict[str, str]:
        """Of the object's bytes as they lie there, once all are read and where they differ."""
        return {}


class Stored(Source):
    """An object's bytes as they are."""

    def __init__(self, obj: DataObject, stat: Stat) -> None:
        """Read `obj`, as long as it is what `stat` says."""
        self.object = obj
        self.stat = stat
        self.size = stat.size
        #: Digests of what it was made of, where it was.
        self.known: dict[str, str] = {}
        self.random = obj.store.capabilities.random_read and stat.ranges and stat.size is not None

    def read(self, start: int, length: int | None) -> Generator[Bytes, None, None]:
        return self.object.store.read(self.object.name, start, length, self.stat.validator)

    def digests(self) -> dict[str, str]:
        return self.known

    def extents(self, start: int) -> Iterator[Extent] | None:
        store = self.object.store
        return store.extents(self.object.name, start) if isinstance(store, KnowsHoles) else None


def steadily(
    source: Source, start: int, length: int | None, meter: Meter, retries: int
) -> Generator[Bytes, None, None]:
    """What `source.read` gives, although it may fail now and then.

    It goes on where it was cut off. A source that cannot be read from the middle gets no
    second chance.

    :raises Unavailable: it failed `retries` times without a byte more.
    """
    at, failures = start, 0
    while length is None or at < start + length:
        left = None if length is None else start + length - at
        try:
            with closing(source.read(at, left)) as pieces:
                for piece in pieces:
                    at, failures = at + len(piece), 0
                    yield piece
            if length is None or at >= start + length:
                return
            raise Unavailable(f"The source ended at {at}, {start + length - at} bytes too early.")
        except Unavailable:
            failures += 1
            if failures > retries or not (source.random or at == start):
                raise
        meter.back_off(failures)
