"""What of an object is to be moved: its bytes as they are, unpacked, or its disk's bytes."""

import os
import tempfile
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from baremetal.domain.errors import InvalidInput
from baremetal.motion.conversion import opened, packed
from baremetal.motion.formats import Found, inspect
from baremetal.motion.hashing import Digests, Hasher
from baremetal.motion.meter import Meter
from baremetal.motion.source import Source, Stored
from baremetal.motion.stream import Pump
from baremetal.motion.unpacking import Unpacked, packing
from baremetal.motion.wishes import Wishes
from baremetal.stores import Bytes, DataObject, Stat
from baremetal.stores.abilities import LocalFiles
from baremetal.stores.backends.file_writer import FileWriter
from baremetal.stores.backends.filesystem import FileStore
from baremetal.stores.errors import DigestMismatch

_TARGETS: Final = ("raw", "qcow2")
_PIECE: Final = 1 << 20


@contextmanager
def prepared(obj: DataObject, stat: Stat, wishes: Wishes, meter: Meter) -> Iterator[Source]:
    """The source of the bytes that shall arrive.

    :raises HostileImage: it must not be opened, or is not what it was said to be.
    :raises DigestMismatch: it is not what was expected, and was not opened.
    """
    stored: Source = Stored(obj, stat)
    algorithm = _packing(stored, wishes)
    if algorithm is not None:
        stored = Unpacked(stored, algorithm, meter, wishes.retries, tuple(wishes.expected))
    wanted = wishes.target_format
    if wanted is None and wishes.source_format is None:
        yield stored
        return
    if wanted not in (None, *_TARGETS):
        raise InvalidInput(f"'{wanted}' cannot be written; {' and '.join(_TARGETS)} can.")
    found = inspect(stored.read, stored.size, wishes.source_format, safe=False)
    if wanted in (None, found.format):
        yield stored
        return
    with _near(obj, stat, stored, wishes, meter) as (fd, digests):
        # What is opened is this very file, as it is now: it is inspected once more.
        found = inspect(partial(_pieces, fd), os.fstat(fd).st_size, wishes.source_format)
        yield from _converted(fd, found, digests, wishes)


def _converted(fd: int, found: Found, digests: dict[str, str], wishes: Wishes) -> Iterator[Source]:
    if wishes.target_format == "raw":
        with opened(fd, found, digests) as source:
            yield source
        return
    with packed(fd, found, _scratch(wishes)) as path:
        store = FileStore()
        image = Stored(DataObject(store, str(path)), store.stat(str(path)))
        image.plain, image.known = False, digests
        yield image


def _packing(stored: Source, wishes: Wishes) -> str | None:
    if wishes.unpack != "auto":
        return wishes.unpack
    with closing(stored.read(0, 16)) as pieces:
        return packing(next(pieces, b""))


@contextmanager
def _near(
    obj: DataObject, stat: Stat, source: Source, wishes: Wishes, meter: Meter
) -> Iterator[tuple[int, dict[str, str]]]:
    """The image as an open file of this machine, and the verified digests of the object."""
    if isinstance(source, Stored) and isinstance(obj.store, LocalFiles):
        fd = obj.store.open_source(obj.name, stat.validator)
        try:
            digests = Digests(tuple(wishes.expected))
            if digests:
                digests.file(fd, 0, stat.size or 0)
            yield fd, _compared(obj, digests.hexdigests(), wishes)
        finally:
            os.close(fd)
        return
    with FileWriter(str(_scratch(wishes) / "spool"), replace=True, mode=0o600) as writer:
        hasher = Hasher(Digests(tuple(wishes.expected) if source.plain else ()))
        can = FileStore.capabilities
        pump = Pump(source, writer, can, hasher, meter, wishes.retries, wishes.max_size)
        size = pump.stream(0, lambda _at: None)
        os.ftruncate(writer.fileno(), size)
        found = hasher.finish() if source.plain else source.digests()
        meter.start_at(0)
        yield writer.fileno(), _compared(obj, found, wishes)


def _compared(obj: DataObject, found: dict[str, str], wishes: Wishes) -> dict[str, str]:
    for algorithm, promised in wishes.expected.items():
        if found[algorithm].lower() != promised.lower():
            raise DigestMismatch(obj, algorithm, promised, found[algorithm])
    return found


def _pieces(fd: int, start: int, length: int | None) -> Generator[Bytes, None, None]:
    """What stands in an open file."""
    end = os.fstat(fd).st_size if length is None else start + length
    while start < end and (piece := os.pread(fd, min(_PIECE, end - start), start)):
        yield piece
        start += len(piece)


def _scratch(wishes: Wishes) -> Path:
    return wishes.scratch or Path(tempfile.gettempdir())
