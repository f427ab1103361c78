"""snapshot, snapshot delete: what a share holds at a moment is kept, or forgotten."""

from baremetal.db.share_changes import GONE
from baremetal.domain import share as sh
from baremetal.engine.flow import Flow, Step
from baremetal.shares.task import ShareTask


def take(task: ShareTask) -> None:
    """Let the storage keep it."""
    with task.alone() as backend:
        backend.snapshots.snapshot(task.snapshot(task.operation.resource_uuid))


def forget(task: ShareTask) -> None:
    """Let the storage forget it."""
    if task.row is not None:
        with task.alone() as backend:
            backend.snapshots.delete_snapshot(task.snapshot(task.operation.resource_uuid))


def gone(task: ShareTask) -> None:
    """Let its record go."""
    task.changes[GONE] = True


TAKE: Flow[ShareTask] = Flow(sh.SNAPSHOT, (Step("take", take),))
FORGET: Flow[ShareTask] = Flow(sh.SNAPSHOT_DELETE, (Step("forget", forget),), on_success=gone)
