"""extend, shrink: a share gets another size."""

from baremetal.db.share_changes import LOCATIONS, SIZE
from baremetal.domain import share as sh
from baremetal.drivers.interfaces.storage import PoolFull, ShrinkRefused
from baremetal.engine.flow import Flow, Step
from baremetal.shares.flows.locations import located
from baremetal.shares.task import ShareTask

#: Set where the storage has refused, and all is as it was.
_REFUSED = "refused"


def resize(task: ShareTask) -> None:
    """Let the storage, and whoever shows it, know the size."""
    share = task.sized(task.operation.params["size"])
    with task.alone() as backend:
        try:
            tree = backend.storage.resize(share)
        except (PoolFull, ShrinkRefused):
            task.scratch[_REFUSED] = True
            raise
        task.changes[LOCATIONS] = located(task, backend.export.ensure(share, tree))


def sized(task: ShareTask) -> None:
    """Write the new size; what the pool has gained is free."""
    task.changes[SIZE] = task.operation.params["size"]


def as_before(task: ShareTask) -> None:
    """Give back what was claimed for it; where the storage has refused, the share is fine."""
    if task.row is None:
        return
    task.changes[SIZE] = task.row["size"]
    if task.scratch.get(_REFUSED):
        task.changes["provision_state"] = sh.AVAILABLE


_STEPS = (Step("resize", resize),)
EXTEND: Flow[ShareTask] = Flow(sh.EXTEND, _STEPS, on_success=sized, on_failure=as_before)
SHRINK: Flow[ShareTask] = Flow(sh.SHRINK, _STEPS, on_success=sized, on_failure=as_before)
