"""What a store promises; all that somebody needs who writes one of his own."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Self

from baremetal.domain.errors import NotFound, NotSupported
from baremetal.domain.properties import Property
from baremetal.stores.errors import taken
from baremetal.stores.settings import Settings
from baremetal.stores.uri import Uri

#: What is handed over; whoever receives it keeps it, the giver does not change it any more.
Bytes = bytes | bytearray | memoryview
#: What goes through a JSON file and comes back the same.
Token = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a store can do, as data: ``motion`` chooses its way by them, and says why."""

    #: Any range can be read without reading what is before it.
    random_read: bool = True
    #: Any position can be written in any order, from several threads.
    random_write: bool = False
    #: Whole parts of this size (the last may be shorter) can be written in any order, from
    #: several threads, although single bytes cannot.
    part_size: int | None = None
    #: Copies within the store may share their blocks: nothing is read, nothing is written.
    reflink: bool = False
    #: The store copies by itself: nothing passes through us.
    server_copy: bool = False
    #: Holes cost nothing, and can be told from zeros.
    sparse: bool = False
    #: It can sign a URL, by which others read without our credentials.
    signed_url: bool = False
    #: An object appears whole, or not at all.
    atomic_publish: bool = False
    #: A writer can be taken up where a dead process has left it.
    resume: bool = False
    #: Names can be listed.
    list: bool = False
    writable: bool = True
    deletable: bool = True
    #: Bytes; None where there is no limit that we know of.
    max_object_size: int | None = None


@dataclass(frozen=True, slots=True)
class Stat:
    """What a store says of an object without reading it."""

    #: Bytes; None where the server does not say.
    size: int | None
    #: Differs when the bytes differ (an ETag, or inode, time and size); None: cannot be told.
    validator: str | None = None
    #: Seconds since 1970.
    modified: float | None = None
    #: Bytes that it takes, less than `size` where there are holes.
    allocated: int | None = None
    #: Whether this very object can be read from the middle, where the store can at all.
    ranges: bool = True
    #: A directory with everything beneath it.
    tree: bool = False
    #: Where a listing found it.
    name: str = ""


class Extent(NamedTuple):
    """A run of bytes."""

    start: int
    length: int

    @property
    def end(self) -> int:
        """The first byte after it."""
        return self.start + self.length


class Writer(ABC):
    """One object on its way into a store: nobody sees it before `commit`.

    As a context manager it aborts, unless it was committed or kept for a later resume.
    """

    #: How positions may come: as `Capabilities.random_write` and `part_size` say.
    _ended = False

    @abstractmethod
    def write(self, position: int, data: Bytes) -> None:
        """Put `data` at `position`, bytes from the beginning."""

    @abstractmethod
    def skip(self, position: int, length: int) -> None:
        """Let zeros stand there, as a hole where the store has holes."""

    @abstractmethod
    def commit(self, size: int) -> Stat:
        """Publish the object, `size` bytes long, at once and whole.

        :raises AlreadyExists: its name is taken.
        """

    @abstractmethod
    def abort(self) -> None:
        """Leave nothing behind."""

    def checkpoint(self) -> Token:
        """What `Store.write` needs to go on after the death of this process.

        :raises NotSupported: the store cannot.
        """
        raise NotSupported("This store cannot take up an interrupted write.")

    def read_back(self, position: int, length: int) -> bytes | None:
        """What was written there, or None where the store cannot say before `commit`."""
        return None

    def close(self) -> None:
        """Let go of it, but leave what a checkpoint has kept."""
        self.abort()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_exc: object) -> None:
        if not self._ended:
            self.abort()
            self._ended = True


class Store(ABC):
    """A place for objects, by name. It keeps no state: another process may go on at any moment.

    Names are the store's own: a path, ``bucket/key``, ``pool/image``. All methods are safe to
    call from several threads.
    """

    #: What URIs of its objects begin with.
    scheme: ClassVar[str]
    #: What can be configured, and what each field means.
    properties: ClassVar[tuple[Property, ...]] = ()
    capabilities: Capabilities = Capabilities()

    def __init__(self, settings: Mapping[str, object] | None = None) -> None:
        """Take `settings`, which `properties` describe.

        :raises InvalidInput: with each field that will not do, why, and an example.
        """
        self.settings = Settings(self.properties, settings or {}, self.scheme)

    @classmethod
    def locate(cls, uri: Uri) -> tuple[dict[str, object], str]:
        """The settings that a URI itself holds, and the name of its object."""
        return {}, f"{uri.authority}{uri.path}"

    def uri(self, name: str) -> str:
        """How to speak of an object to people, without secrets."""
        return str(Uri(self.scheme, path=name))

    @abstractmethod
    def stat(self, name: str) -> Stat:
        """What is known of the object.

        :raises NotFound: there is none.
        :raises Unavailable: the store does not answer now.
        """

    def refuse_taken(self, name: str) -> None:
        """Return if there is no such object.

        :raises AlreadyExists: there is.
        """
        try:
            self.stat(name)
        except NotFound:
            return
        raise taken(self.uri(name))

    @abstractmethod
    def read(
        self, name: str, start: int = 0, length: int | None = None, expect: str | None = None
    ) -> Generator[Bytes, None, None]:
        """The bytes from `start`, to the end or at most `length`, in pieces. Close it.

        :raises NotFound: there is none.
        :raises SourceChanged: its validator is not `expect` (any more).
        :raises Unavailable: the store does not answer now, or stopped in the middle.
        """

    def write(
        self,
        name: str,
        *,
        size: int | None = None,
        replace: bool = False,
        resume: Token | None = None,
    ) -> Writer:
        """A writer for a new object. `size` helps where the store must plan.

        :raises AlreadyExists: it is there and `replace` is false (some stores: at the commit).
        :raises NotSupported: the store cannot be written.
        :raises NotFound: there is nothing left of `resume`.
        """
        raise NotSupported(f"{self.uri(name)}: this store is read only.")

    def delete(self, name: str) -> None:
        """Remove the object; there being none is fine.

        :raises NotSupported: the store cannot.
        """
        raise NotSupported(f"{self.uri(name)}: this store deletes nothing.")

    def copy(self, source: str, target: str, *, replace: bool = False) -> str:
        """Copy within the store, without reading; the word says how (``reflink``, ``server``).

        :raises NotSupported: it cannot, here.
        """
        raise NotSupported(f"{self.uri(source)}: this store does not copy by itself.")

    def list(self, prefix: str = "") -> Iterator[Stat]:
        """The objects whose names begin with `prefix`, by name.

        :raises NotSupported: the store cannot.
        """
        raise NotSupported(f"{self.uri(prefix)}: this store has no listing.")


@dataclass(frozen=True, slots=True)
class DataObject:
    """A name in a store."""

    store: Store = field(repr=False)
    name: str

    def __str__(self) -> str:
        return self.store.uri(self.name)
