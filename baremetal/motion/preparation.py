"""What of an object is to be moved: its bytes as they are, unpacked, or its disk's bytes."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from baremetal.motion.formats import inspect
from baremetal.motion.meter import Meter
from baremetal.motion.source import Source, Stored
from baremetal.motion.unpacking import Unpacked, packing
from baremetal.motion.wishes import Wishes
from baremetal.stores import DataObject, Stat


@contextmanager
def prepared(obj: DataObject, stat: Stat, wishes: Wishes, meter: Meter) -> Iterator[Source]:
    """The source of the bytes that shall arrive.

    :raises HostileImage: it must not be opened, or is not what it was said to be.
    """
    stored = Stored(obj, stat)
    algorithm = _packing(stored, wishes)
    if algorithm is not None:
        yield Unpacked(stored, algorithm, meter, wishes.retries, tuple(wishes.expected))
        return
    if wishes.source_format is not None:
        inspect(stored.read, stored.size, wishes.source_format, safe=False)
    yield stored


def _packing(stored: Stored, wishes: Wishes) -> str | None:
    if wishes.unpack != "auto":
        return wishes.unpack
    with closing(stored.read(0, 16)) as pieces:
        return packing(next(pieces, b""))
