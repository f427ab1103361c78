"""The operations repository: submit, claim, checkpoint, wait, signal, finish.

Every write that a worker makes names the fence of its claim, so a worker that lost
its lease can change nothing, neither the operation nor its resource.

An operation is about a node, or about a resource of another type. What a worker changes there is
a `Change` of that type; where an operation lies until it is claimed says its ``conductor_group``,
so that services which carry out one sort never look at another one.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import orjson
import sqlalchemy as sa

from baremetal.db import history, queue
from baremetal.db.allocations import follow_node
from baremetal.db.database import RECORDING, Database, Prepared, Rows, before_or_after
from baremetal.db.events import INSERT, INSERT_ALL, Event
from baremetal.db.queue import Place
from baremetal.db.tables import nodes, operations
from baremetal.db.types import stamp
from baremetal.domain import operation as op
from baremetal.domain.errors import LeaseLost, NotFound
from baremetal.domain.history import EVENT_TYPES, Failure
from baremetal.domain.operation import Limits, Operation

_OPERATION_COLUMNS = [
    sa.type_coerce(operations.c.signal, sa.Text).label("signal")
    if name == "signal"
    else operations.c[name]
    for name in Operation.__dataclass_fields__
    if name in operations.c
]

# Statements are made once: to make one costs more than to run it.
_INSERT = operations.insert()
_TAKE = (
    sa.update(operations)
    .where(operations.c.id.in_(sa.bindparam("ids", expanding=True)))
    .values(
        state=op.RUNNING,
        owner=sa.bindparam("host"),
        fence=operations.c.fence + 1,
        attempts=operations.c.attempts + 1,
        lease_until=sa.bindparam("until"),
        started_at=sa.func.coalesce(operations.c.started_at, sa.bindparam("at")),
        waiting_for=None,
        waiting_since=None,
        updated_at=sa.bindparam("at"),
    )
)
_TAKEN = sa.select(*_OPERATION_COLUMNS).where(
    operations.c.id.in_(sa.bindparam("ids", expanding=True))
)
_RESERVE = (
    sa.update(nodes)
    .where(
        nodes.c.uuid.in_(sa.bindparam("held", expanding=True)),
        nodes.c.operation_uuid.in_(sa.bindparam("uuids", expanding=True)),
    )
    .values(reservation=sa.bindparam("host"))
)
_FENCED = sa.update(operations).where(
    operations.c.id == sa.bindparam("our_id"),
    operations.c.fence == sa.bindparam("our_fence"),
    operations.c.state == op.RUNNING,
)
_FENCED_OBEYING = _FENCED.where(operations.c.cancel_requested.is_(None))
_FENCED_AWAKE = _FENCED.where(operations.c.lease_until >= sa.bindparam("awake_at"))
_FORGET = (
    sa.update(operations)
    .where(
        operations.c.id == sa.bindparam("our_id"),
        operations.c.signal == sa.bindparam("consumed", type_=operations.c.signal.type),
    )
    .values(signal=None)
)
_ROWS = Rows([operations.c[column.name] for column in _OPERATION_COLUMNS])
_BY_UUID = sa.select(*_ROWS.columns).where(operations.c.uuid == sa.bindparam("uuid"))
_WAITING = sa.update(operations).where(
    operations.c.id == sa.bindparam("our_id"), operations.c.state == op.WAITING
)
_SIGNAL = (
    sa.update(operations)
    .where(operations.c.uuid == sa.bindparam("our_uuid"), operations.c.state.in_(op.OPEN))
    .values(state=sa.case((operations.c.state == op.WAITING, op.QUEUED), else_=operations.c.state))
)
_NOTE = sa.update(nodes).where(nodes.c.uuid == sa.bindparam("our_uuid"))
_NODE = (
    sa.update(nodes)
    .where(nodes.c.uuid == sa.bindparam("our_uuid"))
    .values(version=nodes.c.version + 1)
)


class CancelRequested(Exception):
    """Somebody asked for the operation to stop; `how` is ``abort``, ``cancel`` or ``undeploy``."""

    def __init__(self, how: str) -> None:
        """Carry what was asked for."""
        super().__init__(how)
        self.how = how


class Change(Protocol):
    """What a worker changes on the resource of its operation, along with the operation itself."""

    def write(
        self,
        tx: sa.Connection,
        at: str,
        news: Sequence[Event] = (),
        *,
        free: bool = False,
        over: bool = False,
    ) -> None:
        """Change it in this transaction, and tell of it, and of `news`.

        With `free` nobody works on it for now; when the operation is `over`, nothing holds it.
        """
        ...

    def remember(self, tx: sa.Connection, at: str, failure: Failure) -> None:
        """Keep a failure with the resource, where it has a history."""
        ...


@dataclass(frozen=True, slots=True)
class NodeChange:
    """What a worker changes on the node, and the states before it, for the event."""

    uuid: str
    values: Mapping[str, Any]
    name: str | None = None
    provision_state: str | None = None
    power_state: str | None = None

    def events(self, at: str) -> Iterable[Event]:
        """The events that this change makes."""
        shared = {"node_uuid": self.uuid, "name": self.name, "at": at}
        after = self.values.get("provision_state", self.provision_state)
        if after != self.provision_state:
            data = {
                **shared,
                "from": self.provision_state,
                "to": after,
                "target": self.values.get("target_provision_state"),
                "error": self.values.get("last_error"),
            }
            yield "node.provision_state", self.uuid, data
        after = self.values.get("power_state", self.power_state)
        if after != self.power_state:
            data = {**shared, "from": self.power_state, "to": after}
            yield "node.power_state", self.uuid, data

    def write(
        self,
        tx: sa.Connection,
        at: str,
        news: Sequence[Event] = (),
        *,
        free: bool = False,
        over: bool = False,
    ) -> None:
        """As `Change` has it."""
        values = dict(self.values)
        if free:
            values["reservation"] = None
        if over:
            values["operation_uuid"] = None
        if values:
            if "provision_state" in values:
                values["provision_updated_at"] = at
            if "power_state" in values:
                values["power_updated_at"] = at
            tx.execute(_NODE, {**values, "updated_at": at, "our_uuid": self.uuid})
            if "allocation_uuid" in values:
                follow_node(tx, self.uuid, values)
        record(tx, at, [*self.events(at), *news])

    def remember(self, tx: sa.Connection, at: str, failure: Failure) -> None:
        """As `Change` has it."""
        history.record(tx, at, self.uuid, failure)


@dataclass(slots=True)
class Progress:
    """What a checkpoint writes of the operation itself.

    `consumed` is the signal that the last step has dealt with. Until that is written the
    signal stays, so that a crash in the middle of dealing with it loses nothing.
    """

    cursor: int
    step: str | None
    steps: Sequence[Mapping[str, Any]]
    percent: int = 0
    message: str | None = None
    scratch: Mapping[str, Any] = field(default_factory=dict)
    consumed: Mapping[str, Any] | None = None

    def values(self) -> dict[str, Any]:
        """As columns."""
        return {
            "cursor": self.cursor,
            "step": self.step,
            "steps": list(self.steps),
            "percent": self.percent,
            "message": self.message,
            "scratch": dict(self.scratch),
        }


def insert(tx: sa.Connection, values: Mapping[str, Any], at: str) -> None:
    """Add a queued operation, within the transaction that changes its resource."""
    tx.execute(_INSERT, {**values, "state": op.QUEUED, "created_at": at})


def submit(tx: sa.Connection, intent: Mapping[str, Any], at: str) -> None:
    """As `insert`, and tell of it."""
    insert(tx, intent, at)
    record(tx, at, [state_event(intent, op.QUEUED, None, None, at)])


def cancel_all(tx: sa.Connection, resource: str, how: str, at: str) -> None:
    """Let what is under way with a resource stop, which is about to go."""
    mine = sa.and_(operations.c.resource_uuid == resource, operations.c.state.in_(op.OPEN))
    tx.execute(sa.update(operations).where(mine).values(cancel_requested=how, updated_at=at))


def record(tx: sa.Connection, at: str, happened: Iterable[Event]) -> None:
    """Append events within the transaction that makes them true."""
    rows = [
        {"at": at, "type": kind, "node_uuid": node, "data": data} for kind, node, data in happened
    ]
    if not rows:
        return
    if tx.dialect.name == "postgresql":
        # Their lock comes with them: one way to the server instead of several.
        tx.exec_driver_sql(INSERT_ALL, {"rows": orjson.dumps(rows).decode(), "what": RECORDING})
        return
    before_or_after(tx, RECORDING)
    tx.execute(INSERT, rows)


def state_event(
    row: Mapping[str, Any], state: str, step: str | None, error: str | None, at: str
) -> Event:
    """The event of an operation's new state."""
    node = row["resource_uuid"] if row["resource_type"] == op.NODE else None
    data = {
        "operation_uuid": row["uuid"],
        "node_uuid": node,
        "kind": row["kind"],
        "state": state,
        "step": step,
        "error": error,
        "at": at,
    }
    return "operation.state", node, data


def _row_of(operation: Operation) -> dict[str, Any]:
    return {
        "uuid": operation.uuid,
        "resource_type": operation.resource_type,
        "resource_uuid": operation.resource_uuid,
        "kind": operation.kind,
    }


def _about(operation: Operation, step: str | None) -> dict[str, Any]:
    return {
        "operation_uuid": operation.uuid,
        "node_uuid": operation.node_uuid,
        "kind": operation.kind,
        "step": step,
    }


def _failure(operation: Operation, error: str, cause: str | None) -> Failure:
    kind = EVENT_TYPES.get(operation.kind, operation.kind)
    return Failure(
        error, kind, operation.owner, operation.requested_by, cause, cause and operation.uuid
    )


def _lost(operation: Operation) -> LeaseLost:
    return LeaseLost(f"Operation {operation.uuid} was taken over by another conductor.")


def _operation(row: sa.RowMapping) -> Operation:
    values = dict(row)
    values["steps"] = tuple(values["steps"] or ())
    if values["signal"] is not None:
        values["signal"] = orjson.loads(values["signal"])
    return Operation(**values)


class OperationStore:
    """What the engine does with the ``operations`` table."""

    def __init__(self, db: Database) -> None:
        """Work on `db`."""
        self._db = db
        self._by_uuid = Prepared(db, _BY_UUID)

    # -- the queue ----------------------------------------------------------

    def claim(
        self,
        host: str,
        place: Place,
        room: int,
        limits: Mapping[str, Limits],
        now: datetime,
        lease_until: datetime,
    ) -> list[Operation]:
        """At most `room` operations that are now ours, in fair order, within the limits."""
        with self._db.read() as connection:
            depth = queue.depth(connection, place)
        if depth == 0:
            return []
        with self._db.write() as tx:
            deep = depth == queue.WINDOW
            chosen = queue.next_ids(tx, place, host, limits, room, deep=deep)
            if not chosen:
                return []
            values = {"ids": chosen, "host": host, "at": stamp(now), "until": stamp(lease_until)}
            tx.execute(_TAKE, values)
            rows = tx.execute(_TAKEN, {"ids": chosen}).mappings().all()
            held, uuids = zip(*((row["resource_uuid"], row["uuid"]) for row in rows), strict=True)
            tx.execute(_RESERVE, {"held": held, "uuids": uuids, "host": host})
            return sorted((_operation(row) for row in rows), key=lambda o: chosen.index(o.id))

    def renew(
        self, host: str, ids: Sequence[int], now: datetime, lease_until: datetime
    ) -> set[tuple[int, int]]:
        """Prolong the leases of what really runs here; id and fence of all that still are ours.

        One that has run out is not prolonged: whoever slept through it knows nothing any more.
        """
        ours = sa.and_(
            operations.c.id.in_(ids),
            operations.c.owner == host,
            operations.c.state == op.RUNNING,
            operations.c.lease_until >= stamp(now),
        )
        with self._db.write() as tx:
            tx.execute(sa.update(operations).where(ours).values(lease_until=stamp(lease_until)))
            rows = tx.execute(sa.select(operations.c.id, operations.c.fence).where(ours))
            return {(row.id, row.fence) for row in rows}

    def requeue_lost(self, now: datetime, host: str | None = None) -> int:
        """Put back what runs under an expired lease, or under `host` (which has restarted)."""
        lost = operations.c.lease_until < stamp(now)
        if host is not None:
            lost = operations.c.owner == host
        condition = sa.and_(operations.c.state == op.RUNNING, lost)
        return self._requeue(condition, {"lease_until": None}, now)

    def give_back(self, host: str, ids: Collection[int], now: datetime) -> int:
        """Put back what runs here but is to go on elsewhere."""
        mine = sa.and_(operations.c.id.in_(ids), operations.c.owner == host)
        return self._requeue(
            sa.and_(operations.c.state == op.RUNNING, mine), {"lease_until": None}, now
        )

    def requeue_overdue(self, now: datetime) -> int:
        """Wake all that waited past its deadline; its flow sees the signal ``timeout``."""
        condition = sa.and_(operations.c.state == op.WAITING, operations.c.deadline_at < stamp(now))
        return self._requeue(condition, {"signal": {"timeout": True}}, now)

    def _requeue(self, condition: Any, values: Mapping[str, Any], now: datetime) -> int:
        with self._db.read() as connection:
            query = sa.select(operations.c.id).where(condition).limit(1)
            if connection.execute(query).first() is None:
                return 0
        changed = {"state": op.QUEUED, "updated_at": stamp(now), **values}
        with self._db.write() as tx:
            return tx.execute(sa.update(operations).where(condition).values(changed)).rowcount

    # -- a claimed operation -------------------------------------------------

    def checkpoint(
        self, operation: Operation, progress: Progress, change: Change | None, now: datetime
    ) -> None:
        """Write that the operation has come to a step, and what it did to its resource.

        :raises LeaseLost: the claim is no longer ours.
        :raises CancelRequested: somebody wants it to stop; nothing was written.
        """
        at = stamp(now)
        with self._db.write() as tx:
            self._write_fenced(tx, operation, progress.values(), at, obey=True)
            self._forget_signal(tx, operation, progress)
            if change is not None:
                change.write(tx, at)

    def suspend(
        self,
        operation: Operation,
        progress: Progress,
        change: Change,
        what: str,
        deadline: datetime | None,
        now: datetime,
    ) -> None:
        """Let go of the operation until a signal or the deadline comes.

        A signal which came before is not lost: the operation is queued at once.

        :raises LeaseLost: the claim is no longer ours.
        :raises CancelRequested: somebody wants it to stop; nothing was written.
        """
        at = stamp(now)
        with self._db.write() as tx:
            values = {
                **progress.values(),
                "state": op.WAITING,
                "waiting_for": what,
                "waiting_since": at,
                "deadline_at": stamp(deadline) if deadline else None,
                "lease_until": None,
            }
            self._write_fenced(tx, operation, values, at, obey=True)
            self._forget_signal(tx, operation, progress)
            news = state_event(_row_of(operation), op.WAITING, progress.step, None, at)
            change.write(tx, at, [news], free=True)
            tx.execute(
                sa.update(operations)
                .where(operations.c.id == operation.id, operations.c.signal.is_not(None))
                .values(state=op.QUEUED)
            )

    def finish(  # noqa: PLR0913, PLR0917 - all that one transaction writes
        self,
        operation: Operation,
        state: str,
        progress: Progress,
        change: Change,
        error: str | None,
        now: datetime,
        autopsy: Mapping[str, Any] | None = None,
    ) -> None:
        """End the operation and free its resource, in one transaction.

        An error also goes into that one's history; its `autopsy` stays with the operation.

        :raises LeaseLost: the claim is no longer ours; or our lease has run out, and what looks
            like a failure may come of a long sleep: then the step is done again.
        """
        at = stamp(now)
        values = {
            **progress.values(),
            "state": state,
            "error": error,
            "finished_at": at,
            "lease_until": None,
            "deadline_at": None,
        }
        if autopsy is not None:
            values |= {"cause": autopsy["cause"], "autopsy": autopsy}
        with self._db.write() as tx:
            self._write_fenced(tx, operation, values, at, awake=state == op.FAILED)
            news = state_event(_row_of(operation), state, progress.step, error, at)
            change.write(tx, at, [news], free=True, over=True)
            if error is not None:
                cause = autopsy["cause"] if autopsy is not None else None
                change.remember(tx, at, _failure(operation, error, cause))

    def confirm(self, operation: Operation, now: datetime) -> None:
        """Return if the operation is still ours, before what cannot be taken back.

        :raises LeaseLost: the claim is no longer ours, or our lease has run out.
        """
        with self._db.write() as tx:
            self.confirm_in(tx, operation, now)

    def confirm_in(self, tx: sa.Connection, operation: Operation, now: datetime) -> None:
        """As `confirm`, for what is written in the same transaction."""
        self._write_fenced(tx, operation, {}, stamp(now), awake=True)

    def note(
        self,
        operation: Operation,
        progress: Progress,
        now: datetime,
        *,
        tell: bool,
    ) -> None:
        """Write how far the step that runs now has come, and `tell` it to those who watch.

        Of `progress` its percent, message and scratch are written: the course is the runner's.

        :raises LeaseLost: the claim is no longer ours.
        :raises CancelRequested: somebody wants it to stop; nothing was written.
        """
        at = stamp(now)
        values = {name: progress.values()[name] for name in ("percent", "message", "scratch")}
        with self._db.write() as tx:
            self._write_fenced(tx, operation, values, at, obey=True)
            if tell:
                told = {"percent": progress.percent, "message": progress.message, "at": at}
                event = {**_about(operation, progress.step), **told}
                record(tx, at, [("operation.progress", operation.node_uuid, event)])

    def forget_agent(self, operation: Operation, now: datetime) -> None:
        """Let the node's agent say no more: its token, and whatever it has signalled so far.

        :raises LeaseLost: the claim is no longer ours, or our lease has run out.
        """
        with self._db.write() as tx:
            self._write_fenced(tx, operation, {"signal": None}, stamp(now), awake=True)
            gone = {"agent_token": None, "agent_url": None}
            tx.execute(_NOTE, {**gone, "our_uuid": operation.resource_uuid})

    def _write_fenced(
        self,
        tx: sa.Connection,
        operation: Operation,
        values: Mapping[str, Any],
        at: str,
        *,
        obey: bool = False,
        awake: bool = False,
    ) -> None:
        written = {
            **values,
            "updated_at": at,
            "our_id": operation.id,
            "our_fence": operation.fence,
        }
        query = _FENCED_OBEYING if obey else _FENCED
        if awake:
            query, written["awake_at"] = _FENCED_AWAKE, at
        if tx.execute(query, written).rowcount == 1:
            return
        how, fence, state = tx.execute(
            sa.select(operations.c.cancel_requested, operations.c.fence, operations.c.state).where(
                operations.c.id == operation.id
            )
        ).one()
        if obey and how and fence == operation.fence and state == op.RUNNING:
            raise CancelRequested(how)
        raise _lost(operation)

    def _forget_signal(self, tx: sa.Connection, operation: Operation, progress: Progress) -> None:
        """Drop the signal that a step has dealt with; one that came since stays."""
        if progress.consumed is not None:
            tx.execute(_FORGET, {"our_id": operation.id, "consumed": progress.consumed})

    # -- from outside --------------------------------------------------------

    def get(self, uuid: str) -> Operation:
        """The operation with this uuid.

        :raises NotFound: there is none.
        """
        row = self._by_uuid.first(uuid=uuid)
        if row is None:
            raise NotFound("Operation", uuid)
        values = _ROWS.convert(row)
        return Operation(**{**values, "steps": tuple(values["steps"] or ())})

    def signal(
        self,
        uuid: str,
        signal: Mapping[str, Any],
        now: datetime,
        noted: tuple[str, Mapping[str, Any]] | None = None,
    ) -> bool:
        """Wake a waiting operation with news, or leave it for one about to wait.

        What is `noted` on a node goes there in the same transaction, as `NodeStore.note` does it.

        :returns: False if the operation is over
        """
        news = {"our_uuid": uuid, "signal": dict(signal), "updated_at": stamp(now)}
        with self._db.write() as tx:
            heard = tx.execute(_SIGNAL, news).rowcount == 1
            if noted is not None:
                node, values = noted
                tx.execute(_NOTE, {**values, "our_uuid": node})
            return heard

    def report_progress(
        self,
        operation: Operation,
        percent: int,
        message: str | None,
        deadline: datetime | None,
        now: datetime,
        noted: Mapping[str, Any] | None = None,
    ) -> bool:
        """Note how far the step that an operation waits in has come, and move its deadline.

        `noted` goes into the node in the same transaction, as `NodeStore.note` writes it.

        :returns: False if the operation no longer waits
        """
        percent = operation.percent_with(percent)
        at = stamp(now)
        values: dict[str, Any] = {"percent": percent, "message": message, "updated_at": at}
        if deadline is not None:
            values["deadline_at"] = stamp(deadline)
        with self._db.write() as tx:
            # The operation first, as everywhere: whoever locks in another order waits for us.
            waits = tx.execute(_WAITING, {**values, "our_id": operation.id}).rowcount == 1
            if noted:
                tx.execute(_NOTE, {**noted, "our_uuid": operation.resource_uuid})
            if not waits:
                return False
            step = operation.steps[operation.cursor]["name"] if operation.steps else None
            data = {**_about(operation, step), "percent": percent, "message": message, "at": at}
            record(tx, at, [("operation.progress", operation.resource_uuid, data)])
            return True

    def request_cancel(self, uuid: str, how: str, now: datetime) -> bool:
        """Ask an open operation to stop; one that waits is woken. False if it is over."""
        at = stamp(now)
        mine = operations.c.uuid == uuid
        with self._db.write() as tx:
            asked = tx.execute(
                sa.update(operations)
                .where(mine, operations.c.state.in_(op.OPEN))
                .values(cancel_requested=how, updated_at=at)
            ).rowcount
            tx.execute(
                sa.update(operations)
                .where(mine, operations.c.state == op.WAITING)
                .values(state=op.QUEUED)
            )
            return asked == 1
