"""What an image really is, and whether it may be opened: decided before any tool sees it."""

import io
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final, cast

from oslo_utils.imageutils import format_inspector

from baremetal.stores import Bytes
from baremetal.stores.errors import HostileImage

#: All that is told by an image's beginning is told by so much.
_HEAD: Final = 8 << 20
_STEP: Final = 64 << 10
#: What a disk's bytes may look like by themselves.
_RAW: Final = frozenset({"raw", "gpt", "iso"})
#: What QEMU calls them.
QEMU_NAMES: Final = {"qcow2": "qcow2", "vmdk": "vmdk", "vhd": "vpc", "vhdx": "vhdx", "vdi": "vdi"}

#: From a position, at most so many bytes.
Read = Callable[[int, int | None], Generator[Bytes, None, None]]


@dataclass(frozen=True, slots=True)
class Found:
    """What an image is."""

    #: ``raw``, or one of `QEMU_NAMES`.
    format: str
    #: Bytes of the disk that is in it.
    virtual_size: int


def inspect(read: Read, size: int | None, declared: str | None, *, safe: bool = True) -> Found:
    """What the image is.

    With `safe`, it may then be opened by a tool: it names no other file, and fits its format.

    :raises HostileImage: it is not what was `declared`, several things at once, or not safe.
    """
    inspector = _looked_at(read, _HEAD)
    if safe and _name(inspector) == "vmdk":
        # Its footer counts as much as its header, and may say something else.
        inspector = _looked_at(read, size)
    found = _name(inspector)
    kind = "raw" if found in _RAW else found
    wanted = "raw" if declared in _RAW else declared
    if wanted is not None and wanted != kind:
        raise HostileImage(f"The image was said to be {declared}, but is {found}; it is refused.")
    if kind == "raw":
        return Found("raw", size or 0)
    if kind not in QEMU_NAMES:
        raise HostileImage(
            f"An image of format {kind} cannot be converted; {', '.join(QEMU_NAMES)} can."
        )
    if safe:
        _check(inspector, kind)
    return Found(kind, int(inspector.virtual_size))


def _looked_at(read: Read, limit: int | None) -> Any:
    with closing(read(0, limit)) as pieces:
        file = _Stream(pieces)
        wrapper = format_inspector.InspectWrapper(cast("io.BytesIO", file))
        try:
            while wrapper.read(_STEP):
                if limit == _HEAD and wrapper.format is not None:
                    break
            wrapper.close()
            return wrapper.format
        except format_inspector.ImageFormatError as error:
            raise HostileImage(f"The image is refused: {error}.") from error


def _check(inspector: Any, kind: str) -> None:
    try:
        inspector.safety_check()
    except format_inspector.SafetyCheckFailed as error:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in error.failures.items())
        raise HostileImage(
            f"The {kind} image is refused, since opening it might touch what is not its own "
            f"({reasons})."
        ) from error
    except format_inspector.ImageFormatError as error:
        raise HostileImage(f"The {kind} image is refused: {error}.") from error


def _name(inspector: Any) -> str:
    return "raw" if inspector is None else str(inspector)


class _Stream:
    """Pieces, as a file that is read once."""

    def __init__(self, pieces: Generator[Bytes, None, None]) -> None:
        self._pieces = pieces
        self._left = b""

    def read(self, size: int) -> bytes:
        if not self._left:
            self._left = bytes(next(self._pieces, b""))
        got, self._left = self._left[:size], self._left[size:]
        return got

    def close(self) -> None:
        self._pieces.close()
