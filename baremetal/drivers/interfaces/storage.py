"""Storage: directories with a size, which an export driver lets clients into.

Every call is safe to make twice, also after one that a dead process left half-way: to create
what is there, or to delete what is gone, succeeds.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from baremetal.domain.errors import Conflict, DriverError
from baremetal.drivers.interfaces.configured import ConfiguredDriver, checked_id


@dataclass(frozen=True, slots=True)
class Share:
    """What a storage is told of a share.

    :ivar size: bytes that it may hold; what snapshots hold is not counted.
    """

    id: str
    size: int

    def __post_init__(self) -> None:
        checked_id("Share", self.id)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a storage is told of a snapshot."""

    id: str
    share_id: str

    def __post_init__(self) -> None:
        checked_id("Snapshot", self.id)
        checked_id("Share", self.share_id)


@dataclass(frozen=True, slots=True)
class Tree:
    """Where a share is on this machine, ready to be exported.

    :ivar size: bytes that it may hold; None: the storage itself knows no limit of it.
    """

    path: Path
    size: int | None = None


@dataclass(frozen=True, slots=True)
class PoolStats:
    """Bytes of the pool that shares of this storage are made from."""

    total: int
    free: int


@dataclass(frozen=True, slots=True)
class StorageCapabilities:
    """What a storage can do, as data; the scheduler compares it with what a share wants."""

    #: ``enforced``: a write beyond the size fails. ``counted``: it is only noticed.
    quota: str = "enforced"
    #: A snapshot costs what changes later, and no time; else it is a copy.
    cheap_snapshots: bool = True
    #: A share made from a snapshot shares its blocks; else it is a copy.
    clones: bool = True
    #: Only the newest snapshot can be reverted to.
    revert_to_latest_only: bool = False
    #: Exports stay as they are while it reverts; else they are taken away before, and put back.
    revert_under_exports: bool = False
    #: What takes no room is not kept free for anybody: sizes may add up to more than the pool.
    thin: bool = True
    #: What exists already can be taken over.
    adopt: bool = True
    #: What an export driver must take: ``directory`` is a path on this machine.
    medium: str = "directory"


class ShrinkRefused(Conflict):
    """A smaller size would cut what the share holds."""

    def __init__(self, share: Share, used: int) -> None:
        super().__init__(
            f"Share {share.id} holds {used} bytes and cannot shrink to {share.size}. "
            "Remove data first, or choose a larger size."
        )
        self.used = used


class PoolFull(DriverError):
    """The pool has no room for it; another one may."""


class StorageInterface(ConfiguredDriver, ABC):
    """Makes trees of files from a pool. One object is one pool.

    Errors beside those named: `Unavailable` for what may pass, else a `BaremetalError` with what
    the storage said.
    """

    kind: ClassVar = "storage"

    @property
    def capabilities(self) -> StorageCapabilities:
        """What this very pool can do, with these settings and programs."""
        return StorageCapabilities()

    @abstractmethod
    def create(self, share: Share, source: Snapshot | None = None) -> Tree:
        """A new share; empty, open to all users, or with what a snapshot holds.

        :raises NotFound: there is no such snapshot.
        :raises PoolFull: there is no room.
        """

    @abstractmethod
    def ensure(self, share: Share) -> Tree:
        """A share that exists, made ready again, as after a start of the machine.

        :raises NotFound: it is gone.
        """

    @abstractmethod
    def delete(self, share: Share) -> None:
        """Remove the share. Shares that were made from its snapshots stay."""

    @abstractmethod
    def resize(self, share: Share) -> Tree:
        """Extend or shrink the share to ``share.size``.

        :raises NotFound: it is gone.
        :raises ShrinkRefused: it holds more; nothing was changed.
        :raises PoolFull: there is no room.
        """

    @abstractmethod
    def used(self, share: Share) -> int:
        """Bytes that the share holds, as the storage counts them; it may look at each file.

        :raises NotFound: it is gone.
        """

    @abstractmethod
    def adopt(self, share_id: str, name: str) -> Tree:
        """Take over what lies in the pool under `name`, as the storage itself names it.

        :raises NotFound: there is nothing of that name.
        :raises InvalidInput: it is not of this pool, or is a share already.
        """

    @abstractmethod
    def stats(self) -> PoolStats:
        """How much there is, and how much is left."""


class Snapshots(ABC):
    """What a storage inherits beside that can keep what shares held at a moment."""

    @abstractmethod
    def snapshot(self, snapshot: Snapshot) -> None:
        """Keep what the share holds now.

        :raises NotFound: there is no such share.
        :raises PoolFull: there is no room.
        """

    @abstractmethod
    def delete_snapshot(self, snapshot: Snapshot) -> None:
        """Forget it. Shares that were made from it stay."""

    @abstractmethod
    def revert(self, share: Share, snapshot: Snapshot) -> Tree:
        """Let the share hold what it held then. What `capabilities` says of it binds callers.

        :raises NotFound: there is no such snapshot, or no such share.
        :raises Conflict: there is a newer snapshot that hinders it.
        """
