"""What only some stores can do: a small interface for each; a store inherits those it has."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from baremetal.stores.contract import Extent, Writer


class LocalFiles(ABC):
    """Objects are files of this machine: the kernel can copy them without us."""

    @abstractmethod
    def open_source(self, name: str, expect: str | None = None) -> int:
        """A file descriptor to read from; the caller closes it.

        :raises NotFound: there is none.
        :raises SourceChanged: its validator is not `expect`.
        """


class LocalWriter(Writer):
    """A writer whose object is a file already: the kernel may write into it."""

    @abstractmethod
    def fileno(self) -> int:
        """A file descriptor for reading and writing; it stays the writer's."""


class LocalTrees(ABC):
    """Objects may be whole directories of this machine."""

    @abstractmethod
    def directory(self, name: str) -> Path:
        """Where the tree begins."""


class KnowsHoles(ABC):
    """It can say where the data is."""

    @abstractmethod
    def extents(self, name: str, start: int = 0) -> Iterator[Extent]:
        """Runs of data from `start` on, ascending; what is between them reads as zeros."""


@dataclass(frozen=True, slots=True)
class BlockNode:
    """How QEMU reaches an object: ``blockdev-add``'s arguments, secrets apart.

    Each secret is an object that the node names by its key.
    """

    node: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


class BlockNodes(ABC):
    """QEMU can open objects, in user space."""

    @abstractmethod
    def block_node(self, name: str) -> BlockNode:
        """How QEMU reaches the object.

        :raises NotFound: there is none.
        """


class SignedUrls(ABC):
    """Others can be given a URL that works for a while, without our credentials."""

    @abstractmethod
    def signed_url(self, name: str, seconds: int, method: str = "GET") -> str:
        """A URL for `method` that expires in `seconds`."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """What an interrupted write has left, which nobody sees."""

    #: Where it is, or what it would have become, for people.
    name: str
    #: What the store knows it by.
    handle: str
    #: Seconds since 1970; None where the store does not say.
    modified: float | None = None


class KnowsLeftovers(ABC):
    """It can tell what interrupted writes have left, and do away with it."""

    @abstractmethod
    def leftovers(self, prefix: str = "") -> Iterator[Leftover]:
        """What is left in a bucket, container or pool, or beneath a folder.

        A write that goes on right now is among them: only what is old is abandoned.
        """

    @abstractmethod
    def discard(self, leftover: Leftover) -> None:
        """Remove it; there being nothing is fine."""
