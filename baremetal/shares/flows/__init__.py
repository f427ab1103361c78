"""Every operation on shares, one file each."""

from baremetal.engine.flow import Flow
from baremetal.shares.flows import access, create, delete, resize, revert, snapshot
from baremetal.shares.task import ShareTask

FLOWS: dict[str, Flow[ShareTask]] = {
    flow.kind: flow
    for flow in (
        create.CREATE,
        create.CLONE,
        delete.FLOW,
        resize.EXTEND,
        resize.SHRINK,
        access.FLOW,
        revert.FLOW,
        snapshot.TAKE,
        snapshot.FORGET,
    )
}
