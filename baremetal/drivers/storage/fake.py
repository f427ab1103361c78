"""Storage that is only words: for trials, and for load on everything above."""

from pathlib import Path
from typing import ClassVar, Final

from baremetal.domain.properties import Property
from baremetal.drivers.interfaces.storage import (
    PoolStats,
    Share,
    Snapshot,
    Snapshots,
    StorageCapabilities,
    StorageInterface,
    Tree,
)

_GIB: Final = 1 << 30


class FakeStorage(StorageInterface, Snapshots):
    """Says yes to everything, at once, and keeps nothing."""

    properties: ClassVar[tuple[Property, ...]] = (
        Property(
            "capacity_gib", "How large to say that the pool is.", "1000", "integer", minimum=1
        ),
    )

    @property
    def capabilities(self) -> StorageCapabilities:
        return StorageCapabilities(quota="counted", medium="nothing", revert_under_exports=True)

    def create(self, share: Share, source: Snapshot | None = None) -> Tree:
        return self.ensure(share)

    def ensure(self, share: Share) -> Tree:
        return Tree(Path("/fake/shares", share.id), share.size)

    def delete(self, share: Share) -> None:
        pass

    def resize(self, share: Share) -> Tree:
        return self.ensure(share)

    def used(self, share: Share) -> int:
        return 0

    def adopt(self, share_id: str, name: str) -> Tree:
        return self.ensure(Share(share_id, _GIB))

    def snapshot(self, snapshot: Snapshot) -> None:
        pass

    def delete_snapshot(self, snapshot: Snapshot) -> None:
        pass

    def revert(self, share: Share, snapshot: Snapshot) -> Tree:
        return self.ensure(share)

    def stats(self) -> PoolStats:
        capacity = self.settings.integer("capacity_gib", 1000) * _GIB
        return PoolStats(capacity, capacity)
