"""Finds a node for a wish, and claims it so that nobody else can have it."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from baremetal.clock import Clock
from baremetal.db.allocations import AllocationStore
from baremetal.db.database import Database
from baremetal.db.tables import nodes
from baremetal.domain import states
from baremetal.domain.allocation import Wish
from baremetal.domain.errors import ChangedMeanwhile, Conflict
from baremetal.scheduler.explanation import explain
from baremetal.scheduler.filters import wanted
from baremetal.scheduler.weighers import Driven, order

#: Nodes that one search brings, and how often is searched before giving up. A round fails
#: only if others took or changed all of its nodes in the meantime.
_BATCH = 8
_ROUNDS = 20


class Scheduler:
    """Fulfils wishes with the nodes of one database."""

    def __init__(self, db: Database, clock: Clock) -> None:
        """Search in `db`."""
        self._db = db
        self._clock = clock
        self._allocations = AllocationStore(db)

    def place(self, wish: Wish, driven: Driven = ()) -> None:
        """Write the allocation: with a node, or with the reason why there is none.

        `driven` are the (driver, conductor group) that a living conductor answers for.

        :raises AlreadyExists: the wish's uuid or name is taken.
        """
        reason = "all nodes that fit were changed or taken by others at the same time; try again."
        for _ in range(_ROUNDS):
            found = self._best(wish, driven)
            if not found:
                why = explain(self._db, wish)
                if why is None:
                    continue
                reason = why
                break
            if any(self._allocations.fulfil(wish, node, self._clock.now()) for node in found):
                return
        self._allocations.keep_failed(wish, reason, self._clock.now())

    def backfill(self, wish: Wish, node: Mapping[str, Any]) -> None:
        """Write the allocation of a node that was deployed without one. `node` is its row.

        :raises Conflict: the node is not what the wish says; nothing was written.
        :raises ChangedMeanwhile: it was changed since it was read.
        """
        wrong = misfits(wish, node)
        if wrong:
            raise Conflict(
                f"Cannot backfill an allocation for node {node['uuid']}: {'; '.join(wrong)}."
            )
        if not self._allocations.fulfil(wish, node, self._clock.now()):
            raise ChangedMeanwhile("Node", node["uuid"])

    def _best(self, wish: Wish, driven: Driven) -> list[Mapping[str, Any]]:
        """The nodes that fit, the best first."""
        query = (
            sa.select(nodes.c.uuid, nodes.c.version, nodes.c.instance_info)
            .where(*(condition for _, condition in wanted(wish)))
            .order_by(*order(wish, driven))
            .limit(_BATCH)
        )
        with self._db.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def misfits(wish: Wish, node: Mapping[str, Any]) -> list[str]:
    """Why a node that is in use can not be what the wish describes; empty where it can."""
    wrong = []
    if node["provision_state"] != states.ACTIVE:
        wrong.append(
            f'it must be in the "active" state, but its state is "{node["provision_state"]}"'
        )
    if node["allocation_uuid"] is not None:
        wrong.append(f"it has the allocation {node['allocation_uuid']} already")
    elif node["instance_uuid"] not in (None, wish.uuid):
        wrong.append(f"it is associated with instance {node['instance_uuid']}")
    if node["resource_class"] != wish.resource_class:
        wrong.append(
            f"its resource class {node['resource_class']} does not match {wish.resource_class}"
        )
    missing = [trait for trait in wish.traits if trait not in node["traits"]]
    if missing:
        wrong.append(f"it does not have the traits {', '.join(missing)}")
    if wish.candidates and node["uuid"] not in wish.candidates:
        wrong.append("it is not among the candidate nodes")
    return wrong
