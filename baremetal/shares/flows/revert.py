"""revert: a share holds again what it held when a snapshot was taken."""

from baremetal.db.share_changes import LOCATIONS
from baremetal.domain import share as sh
from baremetal.engine.flow import Flow, Step
from baremetal.shares.flows.access import StandingRules
from baremetal.shares.flows.locations import located
from baremetal.shares.task import ShareTask


def needs_closing(task: ShareTask) -> bool:
    """Whether the storage wants nobody to look meanwhile."""
    return not task.backend.storage.capabilities.revert_under_exports


def close(task: ShareTask) -> None:
    """Let nobody in while it changes beneath them."""
    with task.alone() as backend:
        backend.export.remove(task.share)


def revert(task: ShareTask) -> None:
    """Let the storage put back what the snapshot holds."""
    with task.alone() as backend:
        backend.snapshots.revert(task.share, task.snapshot(task.operation.params["snapshot"]))


def reopen(task: ShareTask) -> None:
    """Let those in who were."""
    with task.alone() as backend:
        tree = backend.storage.ensure(task.share)
        found = backend.export.ensure(task.share, tree)
        backend.export.update_access(task.share, StandingRules(task))
    task.changes[LOCATIONS] = located(task, found)


FLOW: Flow[ShareTask] = Flow(
    sh.REVERT,
    (
        Step("close", close, undo=reopen, when=needs_closing),
        Step("revert", revert),
        Step("reopen", reopen, when=needs_closing),
    ),
)
