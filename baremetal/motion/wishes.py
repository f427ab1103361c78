"""What a caller may wish of a transfer, and what he gets to know of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from baremetal.domain.errors import BaremetalError

_NOTHING: Mapping[str, str] = MappingProxyType({})


class Cancelled(BaremetalError):
    """Somebody has stopped the transfer; nothing was published."""


class Notes(Protocol):
    """Where a transfer notes how far it is: a text that is replaced as a whole.

    It is written from whichever thread of the transfer; `str` of it is for people.
    """

    def read(self) -> str | None:
        """The text; None where there is none."""
        ...

    def write(self, text: str) -> None:
        """Replace it."""
        ...

    def forget(self) -> None:
        """There is nothing to resume any more."""
        ...


@dataclass(frozen=True, slots=True)
class Wishes:
    """How bytes are to be moved. Nothing is published unless all of it was fulfilled."""

    #: Digests to compute of what is published: ``sha256``, ``blake3``, what hashlib has.
    hashes: tuple[str, ...] = ()
    #: Digests that the source, as it lies there, must have.
    expected: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    #: What the source is said to be: ``qcow2``, ``vmdk``, ``raw``...; another one is refused.
    source_format: str | None = None
    #: What the target shall be; None: the bytes as they are.
    target_format: str | None = None
    #: ``gzip``, ``xz``, ``zstd`` to unpack on the way, ``auto`` for whichever it is.
    unpack: str | None = None
    #: The most bytes that the target may have, unpacked and converted.
    max_size: int | None = None
    #: Where to note how far it is. One that is there is resumed; it goes when all is done.
    checkpoint: Path | Notes | None = None
    #: Bytes per second.
    bandwidth: int | None = None
    #: How many ranges or parts at once.
    concurrency: int = 4
    #: How often in a row a source may fail without a byte more.
    retries: int = 5
    #: Whether an object of the target's name gives way.
    replace: bool = False
    #: Where big intermediate files go; None: the system's place for temporary files.
    scratch: Path | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is."""

    done: int
    #: None where the source does not say its size.
    total: int | None
    #: Bytes per second, of late.
    rate: float
    #: Seconds; None where it cannot be told.
    remaining: float | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done."""

    #: A word of ``plan.Strategy``, or of the store that copied by itself.
    strategy: str
    why: str
    #: Of the target.
    size: int
    digests: Mapping[str, str]
    #: Where an earlier, interrupted transfer was taken up.
    resumed_from: int
    seconds: float
