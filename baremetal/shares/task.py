"""What a flow's step has at hand: the share or the snapshot, and the drivers of its backend."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from baremetal.db.share_access import AccessStore
from baremetal.db.share_changes import ShareChange
from baremetal.db.share_snapshots import SnapshotStore
from baremetal.db.shares import ShareStore
from baremetal.domain import operation as op
from baremetal.domain import share as sh
from baremetal.domain.errors import Conflict, NotFound
from baremetal.drivers.interfaces.storage import Share, Snapshot
from baremetal.engine.flow import Work
from baremetal.shares.backends import Backend, Backends
from baremetal.shares.turns import Turns

_GIB: Final = 1 << 30
Row = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class ShareTask(Work):
    """One run of an operation on a share, or on a snapshot of one."""

    shares: ShareStore
    snapshots: SnapshotStore
    access: AccessStore
    backends: Backends
    turns: Turns
    #: As they were read last; None: it is gone, or it is not about a snapshot.
    row: Row | None = None
    snapshot_row: Row | None = None

    def read(self) -> None:
        """Look at what the operation is about."""
        uuid = self.operation.resource_uuid
        try:
            if self.operation.resource_type == op.SHARE_SNAPSHOT:
                self.snapshot_row = self.snapshots.row(uuid)
                uuid = self.snapshot_row["share_uuid"]
            self.row = self.shares.row(uuid)
        except NotFound:
            self.row = self.snapshot_row = None

    @property
    def title(self) -> str:
        """Its uuid: names of shares are not unique."""
        return self.operation.resource_uuid

    @property
    def state(self) -> str | None:
        """That of the share, or of the snapshot."""
        found = self.snapshot_row or self.row
        return None if found is None else str(found["status"])

    @property
    def there(self) -> Row:
        """The share.

        :raises NotFound: it is gone.
        """
        if self.row is None:
            raise NotFound("Share of", f"operation {self.operation.uuid}")
        return self.row

    @property
    def backend(self) -> Backend:
        """Where the share is.

        :raises Unavailable: the backend is not here now.
        """
        return self.backends.at(self.there["host"])

    @property
    def share(self) -> Share:
        """As drivers know it."""
        return Share(self.there["instance_uuid"], self.there["size"] * _GIB)

    def sized(self, gib: int) -> Share:
        """The same with another size."""
        return Share(self.there["instance_uuid"], gib * _GIB)

    def snapshot(self, uuid: str) -> Snapshot:
        """A snapshot of the share, as drivers know it."""
        return Snapshot(uuid, self.there["instance_uuid"])

    @contextmanager
    def alone(self) -> Iterator[Backend]:
        """Be the only one at the share, as it is now; its backend.

        :raises Conflict: it is about to be deleted, by another operation.
        :raises NotFound: it is gone.
        :raises Unavailable: the backend is not here now.
        """
        with self.turns.alone(self.there["uuid"]):
            self.read()
            if self.operation.kind not in sh.DELETES and sh.DELETING in self._statuses:
                raise Conflict(f"{self.title} is being deleted.")
            yield self.backend

    @property
    def _statuses(self) -> list[str]:
        return [found["status"] for found in (self.there, self.snapshot_row) if found]

    def change(self, values: Mapping[str, Any]) -> ShareChange:
        """As columns, and what `baremetal.db.share_changes` names beside them."""
        project = self.row["project_id"] if self.row else None
        about_snapshot = self.operation.resource_type == op.SHARE_SNAPSHOT
        uuid = self.clock.new_uuid()
        return ShareChange(self.operation, values, uuid, project, about_snapshot)

    def evidence(self) -> dict[str, Any]:
        """What is known of the share, for an autopsy."""
        names = ("uuid", "instance_uuid", "host", "status", "size", "share_proto")
        return {name: self.row[name] for name in names} if self.row else {}
