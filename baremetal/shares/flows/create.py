"""create, clone: a share comes to be, empty or with what a snapshot holds."""

from baremetal.db.share_changes import LOCATIONS
from baremetal.domain import share as sh
from baremetal.drivers.interfaces.storage import Snapshot
from baremetal.engine.flow import Flow, Step
from baremetal.shares.flows.locations import located
from baremetal.shares.task import ShareTask


def make(task: ShareTask) -> None:
    """Let the storage have it."""
    origin = task.operation.params.get("source")
    source = Snapshot(origin["snapshot"], origin["instance"]) if origin else None
    with task.alone() as backend:
        backend.storage.create(task.share, source)


def export(task: ShareTask) -> None:
    """Let a server show it, to nobody yet."""
    with task.alone() as backend:
        tree = backend.storage.ensure(task.share)
        found = backend.export.ensure(task.share, tree)
    task.changes[LOCATIONS] = located(task, found)


def finished(task: ShareTask) -> None:
    """Say that nothing is left to do."""
    task.changes["progress"] = "100%"


_STEPS = (Step("make", make), Step("export", export))
CREATE: Flow[ShareTask] = Flow(sh.CREATE, _STEPS, on_success=finished)
CLONE: Flow[ShareTask] = Flow(sh.CLONE, _STEPS, on_success=finished)
