"""Through this process: one stream, or several ranges at once; memory stays small."""

import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from baremetal.motion.hashing import Hasher, InFile, Zeros
from baremetal.motion.meter import Meter
from baremetal.motion.source import Source, steadily
from baremetal.stores import Bytes, Capabilities, Extent, Writer
from baremetal.stores.abilities import LocalWriter
from baremetal.stores.errors import HostileImage

#: What one of several readers takes at a time.
PIECE: Final = 4 << 20
#: Zeros of this length become a hole: what file systems allocate by is smaller.
_GRAIN: Final = 64 << 10
_NOTHING: Final = bytes(_GRAIN)


@dataclass
class Pump:
    """Moves bytes from a source into a writer, tells the hasher of them in order."""

    source: Source
    writer: Writer
    target: Capabilities
    hasher: Hasher
    meter: Meter
    retries: int
    #: The target may not become larger.
    max_size: int | None = None

    def stream(self, start: int, mark: Callable[[int], None]) -> int:
        """Move all from `start`, in order; the size that came out."""
        size = self.source.size
        known = self.source.extents(start) if self.source.random else None
        if size is not None and known is not None:
            at = start
            for extent in known:
                self._hole(at, extent.start)
                at = self._run(extent.start, extent.length, mark)
            self._hole(at, size)
            mark(size)
            return size
        return self._run(start, None if size is None else size - start, mark)

    def _run(self, start: int, length: int | None, mark: Callable[[int], None]) -> int:
        at = start
        pieces = steadily(self.source, start, length, self.meter, self.retries)
        with closing(pieces):
            for piece in pieces:
                if self.max_size is not None and at + len(piece) > self.max_size:
                    raise HostileImage(
                        f"There are more than the {self.max_size} bytes that it may have; "
                        "nothing was published."
                    )
                self.hasher.feed(piece)
                for part in self._by_parts(at, piece):
                    self.put(at, part)
                    at += len(part)
                    mark(at)
                self.meter.add(len(piece))
        return at

    def _by_parts(self, at: int, piece: Bytes) -> Iterator[Bytes]:
        """The piece, cut where the target's parts end: only there can it be taken up."""
        size = self.target.part_size
        if size is None or self.target.random_write or at % size + len(piece) <= size:
            yield piece
            return
        view = memoryview(piece)
        while view:
            cut = size - at % size
            yield view[:cut]
            view, at = view[cut:], at + len(view[:cut])

    def put(self, position: int, piece: Bytes) -> None:
        """Write a piece, but what is zeros as a hole where the target has holes."""
        if not self.target.sparse or not _may_have_zeros(piece):
            self.writer.write(position, piece)
            return
        view = memoryview(piece)
        for start, end, empty in _runs(view):
            if empty:
                self.writer.skip(position + start, end - start)
            else:
                self.writer.write(position + start, view[start:end])

    def _hole(self, start: int, end: int) -> None:
        if end > start:
            self.writer.skip(start, end - start)
            self.hasher.feed(Zeros(end - start))
            self.meter.add(end - start, moved=False)

    def parallel(self, start: int, workers: int, mark: Callable[[int], None]) -> int:
        """Move all from `start`, `workers` ranges at a time; the size."""
        size = self.source.size or 0
        part = self.target.part_size if not self.target.random_write else None
        known = self.source.extents(start) if part is None else None
        pieces = _pieces(known or iter([Extent(start, size - start)]), part or PIECE)
        Ranges(self, pieces, start, size, mark, whole=part is not None).run(workers)
        return size

    def hole(self, start: int, end: int) -> None:
        """Nothing is there in the source."""
        self._hole(start, end)


class Ranges:
    """Several threads, each with a range; what they have done is told in order."""

    def __init__(
        self,
        pump: Pump,
        pieces: Iterator[Extent],
        start: int,
        size: int,
        mark: Callable[[int], None],
        *,
        whole: bool,
    ) -> None:
        """Move `pieces`, ascending; each in one write if `whole`."""
        self._pump = pump
        self._pieces = enumerate(pieces)
        self._at = start
        self._size = size
        self._mark = mark
        self._whole = whole
        #: What has arrived can be read there again, so nothing needs to be kept.
        self._file = _regular(pump.writer)
        self._state = threading.Lock()
        self._order = threading.Lock()
        self._next = 0
        self._done: dict[int, tuple[Extent, list[Bytes]]] = {}
        self._failed: BaseException | None = None
        self._room = threading.Semaphore(1)

    def run(self, workers: int) -> None:
        """Return when all is moved.

        :raises BaseException: what the first that failed has raised.
        """
        # A piece that is ready, but not yet told of, keeps its bytes: so many may be about.
        self._room = threading.Semaphore(workers + 1)
        if self._file is not None:
            # So that what ends in a hole can be read to its end.
            os.ftruncate(self._file, self._size)
        threads = [
            threading.Thread(target=self._work, name=f"motion-{number}", daemon=True)
            for number in range(1, workers)
        ]
        for thread in threads:
            thread.start()
        self._work()
        for thread in threads:
            thread.join()
        if self._failed is not None:
            raise self._failed
        self._pump.hole(self._at, self._size)
        self._mark(self._size)

    def _work(self) -> None:
        try:
            while (turn := self._take()) is not None:
                number, piece = turn
                self._tell(number, piece, self._move(piece))
        except BaseException as error:  # noqa: BLE001 - it is raised by `run`
            with self._state:
                self._failed = self._failed or error
            self._room.release()

    def _take(self) -> tuple[int, Extent] | None:
        # Room comes before the turn: who is to be told of next has room already.
        self._room.acquire()
        with self._state:
            turn = None if self._failed is not None else next(self._pieces, None)
        if turn is None:
            self._room.release()
        return turn

    def _move(self, piece: Extent) -> list[Bytes]:
        pump, at = self._pump, piece.start
        kept: list[Bytes] = []
        whole = bytearray(piece.length if self._whole else 0)
        read = steadily(pump.source, piece.start, piece.length, pump.meter, pump.retries)
        with closing(read) as parts:
            for part in parts:
                if self._whole:
                    whole[at - piece.start : at - piece.start + len(part)] = part
                else:
                    pump.put(at, part)
                    if self._file is None:
                        kept.append(part)
                at += len(part)
                pump.meter.add(len(part))
                if self._failed is not None:
                    break
        if self._whole and self._failed is None:
            kept.append(whole)
            pump.writer.write(piece.start, kept[0])
        return kept

    def _tell(self, number: int, piece: Extent, parts: list[Bytes]) -> None:
        with self._order:
            self._done[number] = (piece, parts)
            while self._failed is None and self._next in self._done:
                piece, parts = self._done.pop(self._next)
                self._pump.hole(self._at, piece.start)
                if self._file is not None:
                    self._pump.hasher.feed(InFile(self._file, piece.start, piece.length))
                for part in parts:
                    self._pump.hasher.feed(part)
                self._at = piece.end
                self._next += 1
                self._room.release()
                self._mark(self._at)


def _regular(writer: Writer) -> int | None:
    """The descriptor of a writer's file, if it has one that is no device."""
    if not isinstance(writer, LocalWriter):
        return None
    fd = writer.fileno()
    return fd if stat.S_ISREG(os.fstat(fd).st_mode) else None


def _pieces(extents: Iterator[Extent], step: int) -> Iterator[Extent]:
    """The extents in pieces that end at multiples of `step`."""
    for start, length in extents:
        at, end = start, start + length
        while at < end:
            stop = min(at - at % step + step, end)
            yield Extent(at, stop - at)
            at = stop


def _may_have_zeros(piece: Bytes) -> bool:
    """Whether the beginning of some grain is zero: cheap, and false for most data."""
    return len(piece) >= _GRAIN and any(
        piece[at] == 0 and piece[at + _GRAIN // 2] == 0
        for at in range(0, len(piece) - _GRAIN + 1, _GRAIN)
    )


def _runs(view: memoryview) -> Iterator[tuple[int, int, bool]]:
    """Start, end and whether all is zeros, of the runs that `view` is made of."""
    begin, empty = 0, False
    for at in range(0, len(view), _GRAIN):
        grain = view[at : at + _GRAIN]
        zeros = len(grain) == _GRAIN and bytes(grain) == _NOTHING
        if zeros != empty:
            if at > begin:
                yield begin, at, empty
            begin, empty = at, zeros
    if len(view) > begin:
        yield begin, len(view), empty
