"""gzip, xz and zstd, unpacked as they pass; neither side is ever held in memory."""

import lzma
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Final

import zstandard

from baremetal.domain.errors import InvalidInput
from baremetal.motion.hashing import Digests
from baremetal.motion.meter import Meter
from baremetal.motion.source import Source, steadily
from baremetal.stores import Bytes
from baremetal.stores.errors import HostileImage

_PIECE: Final = 1 << 20
_SIP: Final = 2 << 10
#: More, beyond the first GiB, is no image but a bomb; an empty disk packs up to 10,000 to 1.
_RATIO: Final = 20_000
_FREE: Final = 1 << 30
#: What a packer may make us reserve: its largest ordinary settings need less.
_MEMORY: Final = 128 << 20
_MAGIC: Final = {
    "gzip": b"\x1f\x8b",
    "xz": b"\xfd7zXZ\0",
    "zstd": b"\x28\xb5\x2f\xfd",
}


def packing(head: Bytes) -> str | None:
    """How something that begins with `head` is packed, if it is."""
    for name, magic in _MAGIC.items():
        if bytes(head[: len(magic)]) == magic:
            return name
    return None


class Unpacked(Source):
    """What is in a packed object."""

    size = None
    random = False
    plain = False

    def __init__(
        self, source: Source, algorithm: str, meter: Meter, retries: int, hashes: tuple[str, ...]
    ) -> None:
        """Unpack `source`; `hashes` are computed of what is packed.

        :raises InvalidInput: there is no such packer.
        """
        if algorithm not in _MAGIC:
            raise InvalidInput(f"'{algorithm}' cannot be unpacked; {', '.join(_MAGIC)} can.")
        self._source = source
        self._algorithm = algorithm
        self._meter = meter
        self._retries = retries
        self._hashes = hashes
        self._digests = Digests(hashes)
        self._taken = 0

    def digests(self) -> dict[str, str]:
        return self._digests.hexdigests()

    def read(self, start: int, length: int | None) -> Generator[Bytes, None, None]:
        given = self._taken = 0
        self._digests = Digests(self._hashes)
        with closing(self._packed()) as packed:
            try:
                for piece in _UNPACKERS[self._algorithm](packed):
                    given += len(piece)
                    self._bear(given)
                    yield piece
            except (zlib.error, lzma.LZMAError, zstandard.ZstdError, EOFError) as error:
                raise InvalidInput(
                    f"It cannot be unpacked as {self._algorithm}: {error}. It is broken, cut off, "
                    "or packed by other means."
                ) from error
            for _ in packed:
                """What follows is none of the packer's, but counts for the digests."""

    def _packed(self) -> Generator[Bytes, None, None]:
        with closing(
            steadily(self._source, 0, self._source.size, self._meter, self._retries)
        ) as pieces:
            for piece in pieces:
                self._taken += len(piece)
                self._digests.update(piece)
                yield piece

    def _bear(self, given: int) -> None:
        if given > _FREE and given > self._taken * _RATIO:
            raise HostileImage(
                f"{self._taken} packed bytes became {given}, and there is no end in sight: this "
                "is a bomb. Nothing was published."
            )


def _gzip(packed: Iterator[Bytes]) -> Iterator[Bytes]:
    stage = zlib.decompressobj(31)
    for piece in packed:
        left: Bytes = piece
        while left:
            if stage.eof:
                if not bytes(left).strip(b"\0"):
                    break
                stage = zlib.decompressobj(31)
            got = stage.decompress(left, _PIECE)
            left = stage.unused_data if stage.eof else stage.unconsumed_tail
            if got:
                yield got
    if not stage.eof:
        raise EOFError("it ends in the middle")


def _xz(packed: Iterator[Bytes]) -> Iterator[Bytes]:
    stage = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)
    for piece in packed:
        left: Bytes = piece
        while left or not (stage.needs_input or stage.eof):
            if stage.eof:
                left = bytes(left).lstrip(b"\0")
                if not left:
                    break
                stage = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)
            got = stage.decompress(bytes(left), _PIECE)
            left = stage.unused_data if stage.eof else b""
            if got:
                yield got
    if not stage.eof:
        raise EOFError("it ends in the middle")


def _zstd(packed: Iterator[Bytes]) -> Iterator[Bytes]:
    maker = zstandard.ZstdDecompressor(max_window_size=_MEMORY)
    stage = maker.decompressobj()
    for piece in packed:
        # It gives all at once that its input becomes: 32 KiB from a byte, at worst.
        view = memoryview(piece)
        for at in range(0, len(view), _SIP):
            left = bytes(view[at : at + _SIP])
            while left:
                if stage.eof:
                    stage = maker.decompressobj()
                got = stage.decompress(left)
                left = stage.unused_data if stage.eof else b""
                if got:
                    yield got
    if not stage.eof:
        raise EOFError("it ends in the middle")


_UNPACKERS: Final[dict[str, Callable[[Iterator[Bytes]], Iterator[Bytes]]]] = {
    "gzip": _gzip,
    "xz": _xz,
    "zstd": _zstd,
}
