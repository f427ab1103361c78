"""Machines that somebody works on at the moment, and who; for those that let them boot."""

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from baremetal.db.database import Database
from baremetal.db.tables import nodes, operations, ports
from baremetal.domain import operation as op

#: What is queued for the first time is far more, and has begun nothing.
_BEGUN: Final = sa.or_(
    operations.c.state.in_((op.RUNNING, op.WAITING)),
    sa.and_(operations.c.state == op.QUEUED, operations.c.started_at.is_not(None)),
)
_WORKED_ON: Final = (
    sa.select(
        operations.c.uuid,
        operations.c.state,
        operations.c.step,
        operations.c.owner,
        nodes.c.uuid.label("node"),
        nodes.c.driver,
        nodes.c.conductor_group,
        nodes.c.slot,
        ports.c.address,
    )
    .select_from(operations)
    .join(nodes, nodes.c.uuid == operations.c.resource_uuid)
    .join(ports, ports.c.node_uuid == nodes.c.uuid)
    .where(_BEGUN)
    .order_by(operations.c.id, ports.c.id)
)


@dataclass(slots=True)
class WorkedOn:
    """A node with network cards, and the operation that a conductor has begun on it.

    :ivar owner: who has last had the operation; it may be dead.
    :ivar waits_for_agent: the machine is to boot the ramdisk, or has, and goes on by itself.
    """

    operation: str
    node: str
    owner: str
    driver: str
    group: str
    slot: int
    waits_for_agent: bool
    macs: list[str]


def worked_on(db: Database) -> list[WorkedOn]:
    """All of them, oldest operation first."""
    found: dict[str, WorkedOn] = {}
    with db.read() as connection:
        for row in connection.execute(_WORKED_ON):
            one = found.get(row.uuid)
            if one is None:
                waits = row.state == op.WAITING and (row.step or "").startswith("agent_")
                place = (row.driver, row.conductor_group, row.slot)
                one = WorkedOn(row.uuid, row.node, row.owner, *place, waits, [])
                found[row.uuid] = one
            one.macs.append(row.address)
    return list(found.values())
