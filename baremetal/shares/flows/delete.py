"""delete: a share goes, and all that was in it."""

from baremetal.db.share_changes import GONE
from baremetal.domain import share as sh
from baremetal.engine.flow import Flow, Step
from baremetal.shares.task import ShareTask


def unexport(task: ShareTask) -> None:
    """Let nobody in any more."""
    if task.row is not None:
        with task.alone() as backend:
            backend.export.remove(task.share)


def remove(task: ShareTask) -> None:
    """Let the storage forget it."""
    if task.row is not None:
        with task.alone() as backend:
            backend.storage.delete(task.share)


def gone(task: ShareTask) -> None:
    """Let its record go, and what it has claimed."""
    task.changes[GONE] = True


FLOW: Flow[ShareTask] = Flow(
    sh.DELETE, (Step("unexport", unexport), Step("remove", remove)), on_success=gone
)
