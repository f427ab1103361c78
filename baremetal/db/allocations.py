"""The allocations repository: an allocation and its node name each other, or neither does."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from baremetal.db.database import Database
from baremetal.db.tables import allocations, nodes
from baremetal.db.types import stamp
from baremetal.domain import allocation as al
from baremetal.domain.allocation import Wish
from baremetal.domain.errors import AlreadyExists, ChangedMeanwhile, NotFound

Row = Mapping[str, Any]


def follow_node(tx: sa.Connection, node_uuid: str, values: Row) -> None:
    """Drop the allocation of a node that loses its own side of it in the same transaction."""
    if "allocation_uuid" in values and values["allocation_uuid"] is None:
        tx.execute(sa.delete(allocations).where(allocations.c.node_uuid == node_uuid))


class AllocationStore:
    """Writes both sides of an allocation, in one transaction."""

    def __init__(self, db: Database) -> None:
        """Work on `db`."""
        self._db = db

    def of_node(self, node_uuid: str) -> dict[str, Any] | None:
        """The allocation that a node fulfils; None where it fulfils none."""
        query = sa.select(allocations).where(allocations.c.node_uuid == node_uuid)
        with self._db.read() as connection:
            found = connection.execute(query).mappings().first()
        return dict(found) if found else None

    def fulfil(self, wish: Wish, node: Row, now: datetime) -> bool:
        """Give the node to the wish, if it still is as it was judged; whether it was.

        `node` has the columns uuid, version and instance_info.

        :raises AlreadyExists: the wish's uuid or name is taken.
        """
        at = stamp(now)
        claim = (
            sa.update(nodes)
            .where(nodes.c.uuid == node["uuid"], nodes.c.version == node["version"])
            .values(
                instance_uuid=wish.uuid,
                allocation_uuid=wish.uuid,
                # Where a deploy looks for the traits that were asked for.
                instance_info={**node["instance_info"], "traits": list(wish.traits)},
                version=node["version"] + 1,
                updated_at=at,
            )
        )
        row = {**wish.columns(), "state": al.ACTIVE, "node_uuid": node["uuid"], "created_at": at}
        try:
            with self._db.write() as tx:
                if tx.execute(claim).rowcount != 1:
                    return False
                tx.execute(allocations.insert(), row)
        except IntegrityError as error:
            raise _taken(wish, error) from error
        return True

    def keep_failed(self, wish: Wish, reason: str, now: datetime) -> None:
        """Record a wish that no node fulfils, and why.

        :raises AlreadyExists: its uuid or name is taken.
        """
        row = {
            **wish.columns(),
            "state": al.ERROR,
            "last_error": wish.failed(reason),
            "created_at": stamp(now),
        }
        try:
            with self._db.write() as tx:
                tx.execute(allocations.insert(), row)
        except IntegrityError as error:
            raise _taken(wish, error) from error

    def remove(self, allocation: Row, node: Row | None, now: datetime) -> None:
        """Drop an allocation, and free the node that fulfils it.

        :raises ChangedMeanwhile: the node is no longer as it was judged.
        :raises NotFound: the allocation is gone already.
        """
        gone = sa.delete(allocations).where(allocations.c.uuid == allocation["uuid"])
        with self._db.write() as tx:
            if node is not None:
                info = {k: v for k, v in node["instance_info"].items() if k != "traits"}
                free = (
                    sa.update(nodes)
                    .where(nodes.c.uuid == node["uuid"], nodes.c.version == node["version"])
                    .values(
                        instance_uuid=None,
                        allocation_uuid=None,
                        instance_info=info,
                        version=node["version"] + 1,
                        updated_at=stamp(now),
                    )
                )
                if tx.execute(free).rowcount != 1:
                    raise ChangedMeanwhile("Node", node["uuid"])
            if tx.execute(gone).rowcount != 1:
                raise NotFound("Allocation", allocation["uuid"])


def _taken(wish: Wish, error: IntegrityError) -> AlreadyExists:
    text = str(error.orig)
    if "instance_uuid" in text:
        return AlreadyExists(
            f"Instance {wish.uuid} is already associated with a node; "
            "an allocation can not have the same UUID."
        )
    if "allocations.name" in text or "allocations_name" in text:
        return AlreadyExists(f"An allocation with name {wish.name} already exists.")
    return AlreadyExists(f"An allocation with UUID {wish.uuid} already exists.")
