"""How a request becomes an operation: compare and swap on the node, and the row, at once."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from baremetal.clock import Clock
from baremetal.db import operations as store
from baremetal.db.database import Database
from baremetal.db.events import Event
from baremetal.db.nodes import holder
from baremetal.db.operations import NodeChange, OperationStore
from baremetal.db.tables import nodes, operations
from baremetal.db.types import stamp
from baremetal.domain import operation as op
from baremetal.domain import states
from baremetal.domain.errors import ChangedMeanwhile, Conflict

LOG = logging.getLogger(__name__)

Row = Mapping[str, Any]

# Made once: to make a statement costs more than to run it.
# An operation counts the version up with each of its own changes.
_SWAP = (
    sa.update(nodes)
    .where(
        nodes.c.uuid == sa.bindparam("our_uuid"),
        nodes.c.version == sa.bindparam("our_version"),
    )
    .values(version=nodes.c.version + 1)
)
#: What an event tells of an operation.
_NAMED = [operations.c[name] for name in ("uuid", "kind", "resource_type", "resource_uuid")]


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asks, for the record and for fairness."""

    name: str | None = None
    request_id: str | None = None
    #: That of whoever has asked the requester, to follow it through several services.
    global_request_id: str | None = None


class Submitter:
    """Writes intents.

    `ring` wakes a conductor of a group, best the one which looks after a driver's nodes of a
    slot; if it fails, a sweep will do.
    """

    def __init__(
        self,
        db: Database,
        operation_store: OperationStore,
        ring: Callable[..., object],
        clock: Clock,
    ) -> None:
        """Write to `db`, and ring after each commit."""
        self._db = db
        self._operations = operation_store
        self._ring = ring
        self._clock = clock

    def start(
        self, row: Row, kind: str, params: Mapping[str, Any], requester: Requester, **also: Any
    ) -> str:
        """The uuid of a new operation that holds the node from now on.

        `row` is the node as it was judged; `also` are further columns to write. An
        operation that waits is put aside by an undeploy, and by nothing else.

        :raises NodeBusy: another operation holds the node.
        :raises ChangedMeanwhile: the node is no longer what was judged.
        """
        values: dict[str, Any] = dict(also)
        phases = states.PHASES.get(kind, ())
        if phases:
            values["provision_state"] = phases[0].during
            values["target_provision_state"] = phases[-1].success
        uuid = self._clock.new_uuid()
        at = stamp(self._clock.now())
        with self._db.write() as tx:
            news = []
            if row["operation_uuid"] is not None:
                news.append(self._put_aside(tx, row, kind, at))
            intent = {
                "uuid": uuid,
                "kind": kind,
                "resource_type": op.NODE,
                "resource_uuid": row["uuid"],
                "conductor_group": row["conductor_group"],
                "params": dict(params),
                "requested_by": requester.name,
                "request_id": requester.request_id,
                "global_request_id": requester.global_request_id,
            }
            news.append(store.state_event(intent, op.QUEUED, None, None, at))
            self._swap(tx, row, {**values, "operation_uuid": uuid}, at, news)
            store.insert(tx, intent, at)
        LOG.info("operation %s %s node %s queued", uuid, kind, row["uuid"])
        self._ring(row["conductor_group"], row["driver"], row["slot"])
        return uuid

    def move(self, row: Row, state: str) -> None:
        """Put the node in another state, where no work is needed for it.

        :raises NodeBusy: an operation holds the node.
        :raises ChangedMeanwhile: the node is no longer what was judged.
        """
        if row["operation_uuid"] is not None:
            raise holder(self._db, row)
        values = {
            "provision_state": state,
            "target_provision_state": None,
            "last_error": None,
        }
        with self._db.write() as tx:
            self._swap(tx, row, values, stamp(self._clock.now()))

    def cancel(self, uuid: str, group: str, how: str) -> None:
        """Ask an operation to stop.

        :raises Conflict: it is over.
        """
        if not self._operations.request_cancel(uuid, how, self._clock.now()):
            raise Conflict(f"Operation {uuid} is over; there is nothing to cancel.")
        self._ring(group)

    def signal(
        self,
        uuid: str,
        group: str,
        signal: Mapping[str, Any],
        noted: tuple[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Give an operation the news that it waits for; and note something on a node, if wished.

        :raises Conflict: it is over.
        """
        if not self._operations.signal(uuid, signal, self._clock.now(), noted):
            raise Conflict(f"Operation {uuid} is over; nobody waits for this any more.")
        self._ring(group)

    def now(self) -> datetime:
        """The present moment."""
        return self._clock.now()

    def _put_aside(self, tx: sa.Connection, row: Row, kind: str, at: str) -> Event:
        """End the waiting operation that an undeploy overrides; the event of that."""
        waits = sa.and_(
            operations.c.uuid == row["operation_uuid"], operations.c.state == op.WAITING
        )
        values = {
            "state": op.CANCELLED,
            "fence": operations.c.fence + 1,
            "error": f"Overridden by {kind}.",
            "finished_at": at,
        }
        overridable = kind == "undeploy"
        if not overridable or (
            tx.execute(sa.update(operations).where(waits).values(values)).rowcount != 1
        ):
            raise holder(self._db, row)
        found = tx.execute(sa.select(*_NAMED).where(operations.c.uuid == row["operation_uuid"]))
        return store.state_event(
            dict(found.mappings().one()), op.CANCELLED, None, f"Overridden by {kind}.", at
        )

    def _swap(
        self,
        tx: sa.Connection,
        row: Row,
        values: Mapping[str, Any],
        at: str,
        news: Iterable[Event] = (),
    ) -> None:
        """Change the node if it still is what was judged."""
        written = {**values, "updated_at": at}
        if "provision_state" in values:
            written["provision_updated_at"] = at
        judged = {"our_uuid": row["uuid"], "our_version": row["version"]}
        if tx.execute(_SWAP, {**written, **judged}).rowcount != 1:
            raise ChangedMeanwhile("Node", row["uuid"])
        change = NodeChange(
            row["uuid"], values, row["name"], row["provision_state"], row["power_state"]
        )
        store.record(tx, at, [*change.events(at), *news])
