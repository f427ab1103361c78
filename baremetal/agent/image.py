"""An image on its way to the disk: read once, verified, unpacked and written in one pass."""

import contextlib
import hashlib
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from baremetal.agent import web
from baremetal.agent.block import MIB, Disk
from baremetal.agent.failure import StepFailed

#: Bytes; a list of the checksums of many images has fewer.
_LONGEST_LIST: Final = 8 * MIB
#: Runs of zeros of this size are not written but zeroed, which most disks do by themselves.
_ZEROS: Final = bytes(256 << 10)
_GZIP: Final = b"\x1f\x8b"
_XZ: Final = b"\xfd7zXZ\x00"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_QCOW2: Final = b"QFI\xfb"
_LEGACY_DIGESTS: Final = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
_HEX: Final = re.compile(r"^[0-9a-f]+$")


@dataclass(frozen=True, slots=True)
class Image:
    """What is to be written, and what its bytes, as they are stored, must be."""

    url: str
    algorithm: str | None = None
    digest: str | None = None


@dataclass(slots=True)
class Progress:
    """How far it is, for reports."""

    read: int = 0
    size: int | None = None
    written: int = 0
    zeroed: int = 0


#: Is told after each piece that was read.
Told = Callable[[Progress], None]


def image_of(args: Mapping[str, Any]) -> Image:
    """The image that a step names by Ironic's fields.

    :raises StepFailed: it names none, or a digest that is none.
    """
    url = args.get("image_source")
    if not isinstance(url, str) or not url:
        raise StepFailed("write_image needs image_source")
    digest, algorithm = args.get("image_os_hash_value"), args.get("image_os_hash_algo")
    if digest and algorithm:
        return Image(url, _known(str(algorithm)), str(digest).strip().lower())
    checksum = str(args.get("image_checksum") or "").strip()
    if checksum.startswith(("http://", "https://")):
        checksum = _in_list(web.fetch_text(checksum, _LONGEST_LIST), url.rpartition("/")[2])
    if not checksum:
        return Image(url)
    name, colon, value = checksum.rpartition(":")
    value = value.lower()
    algorithm = name if colon else _LEGACY_DIGESTS.get(len(value))
    if algorithm is None or not _HEX.match(value):
        raise StepFailed(f"image_checksum {checksum[:80]} is no checksum")
    return Image(url, _known(algorithm), value)


def write_image(
    image: Image, disk: Disk, told: Told = lambda _progress: None, *, blank: bool = False
) -> Progress:
    """Write it from the disk's beginning on; return when the disk has it for good.

    On a `blank` disk, where all bytes are zero, runs of zeros are left alone.

    :raises StepFailed: it cannot be read, is of a format unknown here, does not fit, or is not
        what it should be. Then the disk's beginning is empty, so that nobody boots it.
    """
    progress = Progress()
    try:
        hashed = _Hashed(image, progress, told)
        _write(_unpacked(hashed.pieces(), image.url), disk, progress, blank=blank)
        hashed.verify()
    except BaseException:
        # A disk that fails again says nothing new.
        with contextlib.suppress(OSError):
            disk.zero(0, min(MIB, disk.size))
            disk.flush()
        raise
    disk.flush()
    return progress


class _Hashed:
    """The bytes as they come, digested on the way."""

    def __init__(self, image: Image, progress: Progress, told: Told) -> None:
        self._download = web.Download(image.url)
        self._image = image
        self._progress = progress
        self._told = told
        # MD5 is what old images are known by; it is not our choice.
        name = image.algorithm
        self._digest = hashlib.new(name, usedforsecurity=False) if name else None

    def pieces(self) -> Iterator[memoryview]:
        for piece in self._download.pieces():
            if self._digest is not None:
                self._digest.update(piece)
            self._progress.read += len(piece)
            self._progress.size = self._download.size
            self._told(self._progress)
            yield piece

    def verify(self) -> None:
        if self._digest is not None and self._digest.hexdigest() != self._image.digest:
            raise StepFailed(
                f"{self._image.url}: its {self._image.algorithm} is {self._digest.hexdigest()}, "
                f"not {self._image.digest}"
            )


def _unpacked(pieces: Iterator[memoryview], url: str) -> Iterator[memoryview]:
    # The first piece may be as short as a byte.
    begin = bytearray()
    while len(begin) < len(_XZ) and (piece := next(pieces, None)) is not None:
        begin += piece
    first, magic = memoryview(begin), bytes(begin[: len(_XZ)])
    if magic.startswith(_QCOW2):
        raise StepFailed(f"{url} is a qcow2 image; the agent writes raw ones, also in gzip or xz")
    if magic.startswith(_ZSTD):
        raise StepFailed(f"{url} is packed by zstd; the agent unpacks gzip and xz")
    if magic.startswith(_GZIP):
        return _inflated(first, pieces, _Gunzip, url)
    if magic.startswith(_XZ):
        # Most images are not packed so, and the module takes its time to load.
        import lzma  # noqa: PLC0415

        return _inflated(first, pieces, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ), url)
    return _again(first, pieces)


def _again(first: memoryview, rest: Iterable[memoryview]) -> Iterator[memoryview]:
    if first:
        yield first
    yield from rest


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: Any, max_length: int = ..., /) -> bytes: ...


class _Gunzip:
    """zlib's gzip decompressor with the manners of lzma's."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def needs_input(self) -> bool:
        return not self._stream.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def decompress(self, data: Any, max_length: int = 0, /) -> bytes:
        return self._stream.decompress(self._stream.unconsumed_tail + bytes(data), max_length)


def _inflated(
    first: memoryview,
    rest: Iterator[memoryview],
    make: Callable[[], _Decompressor],
    url: str,
) -> Iterator[memoryview]:
    """The plain bytes of one packed stream or several in a row, at most 1 MiB at a time."""
    stream, fresh = make(), True
    try:
        for piece in _again(first, rest):
            # Between streams and after the last there may be zeros.
            data: Any = bytes(piece).lstrip(b"\x00") if fresh else piece
            while data or not fresh:
                plain = stream.decompress(data, MIB)
                fresh, data = False, b""
                if plain:
                    yield memoryview(plain)
                if stream.eof:
                    data, stream, fresh = stream.unused_data.lstrip(b"\x00"), make(), True
                elif stream.needs_input and len(plain) < MIB:
                    break
    except Exception as error:
        if isinstance(error, StepFailed | OSError):
            raise
        raise StepFailed(f"{url} is damaged: {error}") from error
    if not fresh:
        raise StepFailed(f"{url} ends before its packed data do")


def _write(pieces: Iterable[memoryview], disk: Disk, progress: Progress, *, blank: bool) -> None:
    """Gathered into whole runs, which are zeroed or written."""
    run = bytearray()
    for piece in pieces:
        run += piece
        whole = len(run) // len(_ZEROS) * len(_ZEROS)
        if whole:
            _write_run(memoryview(run)[:whole].toreadonly(), disk, progress, blank=blank)
            run = run[whole:]
    _write_run(memoryview(run), disk, progress, blank=blank)
    if not progress.written + progress.zeroed:
        raise StepFailed("the image is empty")


def _write_run(data: memoryview, disk: Disk, progress: Progress, *, blank: bool) -> None:
    at = progress.written + progress.zeroed
    if at + len(data) > disk.size:
        raise StepFailed(
            f"The image does not fit on {disk.path}, which has {disk.size / MIB:.0f} MiB"
        )
    for start in range(0, len(data), len(_ZEROS)):
        part = data[start : start + len(_ZEROS)]
        # Views are compared byte by byte in Python's own time; bytes are not.
        if not part[0] and not part[-1] and bytes(part) == _ZEROS[: len(part)]:
            if not blank:
                disk.zero(at + start, len(part))
            progress.zeroed += len(part)
        else:
            disk.write(at + start, part)
            progress.written += len(part)


def _known(algorithm: str) -> str:
    name = algorithm.lower().replace("-", "")
    if name not in hashlib.algorithms_available:
        raise StepFailed(f"The agent knows no checksums by {algorithm}")
    return name


def _in_list(text: str, name: str) -> str:
    """The digest of the file of that name in what md5sum or sha256sum write."""
    lines = [line.split() for line in text.splitlines() if line.strip()]
    for words in lines:
        if len(words) >= 2 and words[-1].lstrip("*").rpartition("/")[2] == name:
            return words[0]
    if len(lines) == 1 and len(lines[0]) == 1:
        return lines[0][0]
    raise StepFailed(f"The list of checksums does not have {name}")
