"""The queue of operations: which are to be taken next, in fair order and within limits."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import sqlalchemy as sa

from baremetal.db.database import one_at_a_time
from baremetal.db.tables import nodes, operations
from baremetal.domain import operation as op
from baremetal.domain.operation import Limits

#: So many queued operations are looked at one by one; of more, the first of each sort.
WINDOW = 100

_COLUMNS = [
    operations.c[name] for name in ("id", "kind", "conductor_group", "requested_by", "started_at")
]
_RESUMES = operations.c.started_at.is_not(None)
_OWNED = (operations.c.kind, operations.c.conductor_group, operations.c.owner)


def _in_state(state: str) -> "sa.ColumnElement[bool]":
    # A literal, since SQLite takes a partial index for nothing less.
    return operations.c.state == sa.literal(state, literal_execute=True)


def _counted(*conditions: "sa.ColumnElement[bool]") -> "sa.Select[Any]":
    here = operations.c.conductor_group == sa.bindparam("group")
    return sa.select(*_OWNED, sa.func.count()).where(here, *conditions).group_by(*_OWNED)


#: By an index each: what is queued for the first time is far more, and is not looked at.
_BEGUN = sa.union_all(
    _counted(_in_state(op.RUNNING)),
    _counted(_in_state(op.WAITING)),
    _counted(_in_state(op.QUEUED), _RESUMES),
)


class Place(NamedTuple):
    """Where a conductor takes its work: in its group, but not that of drivers it has not."""

    group: str
    foreign: frozenset[str] = frozenset()

    @property
    def parameters(self) -> dict[str, Any]:
        """For the statements that are made for a place of its sort."""
        shared: dict[str, Any] = {"group": self.group}
        return {**shared, "foreign": sorted(self.foreign)} if self.foreign else shared


class _Statements:
    """The looks at a queue: with a choice of drivers, which most groups have no need of."""

    def __init__(self, *, choosy: bool) -> None:
        # An index holds all that is asked for.
        here = sa.and_(_in_state(op.QUEUED), operations.c.conductor_group == sa.bindparam("group"))
        if choosy:
            not_ours = sa.select(nodes.c.uuid).where(
                nodes.c.driver.in_(sa.bindparam("foreign", expanding=True)),
                nodes.c.uuid == operations.c.resource_uuid,
            )
            here = sa.and_(here, ~sa.exists(not_ours))
        queued = sa.select(*_COLUMNS).where(here)
        most: sa.BindParameter[int] = sa.bindparam("most", type_=sa.Integer)
        self.first = queued.limit(WINDOW)
        self.resumed = queued.where(_RESUMES).order_by(operations.c.id).limit(most)
        kind, requester = operations.c.kind, operations.c.requested_by
        after: sa.BindParameter[str] = sa.bindparam("after")
        self.next_kind = sa.select(kind).where(here, kind > after).order_by(kind).limit(1)
        in_kind = sa.and_(here, kind == sa.bindparam("kind"))
        next_requester = sa.select(requester).where(in_kind, requester > after)
        self.next_requester = next_requester.order_by(requester).limit(1)
        of_kind = queued.where(in_kind, operations.c.started_at.is_(None))
        # By the requester, too: PostgreSQL does not see that the index has one order of nulls.
        of_kind = of_kind.order_by(requester, operations.c.id).limit(most)
        self.of_nobody = of_kind.where(requester.is_(None))
        self.of_sort = of_kind.where(requester == sa.bindparam("requester"))
        self.few = sa.select(operations.c.id).where(here).limit(WINDOW)


_PLAIN = _Statements(choosy=False)
_CHOOSY = _Statements(choosy=True)


def _looks(place: Place) -> _Statements:
    return _CHOOSY if place.foreign else _PLAIN


class Queued(Protocol):
    """What of a queued operation decides its turn; `started_at` is set on one that resumes."""

    id: int
    kind: str
    conductor_group: str
    requested_by: str | None
    started_at: str | None


def depth(connection: sa.Connection, place: Place) -> int:
    """How many are queued, counted up to `WINDOW`: whether a look is worth its transaction."""
    return len(connection.execute(_looks(place).few, place.parameters).all())


def next_ids(
    tx: sa.Connection,
    place: Place,
    host: str,
    limits: Mapping[str, Limits],
    room: int,
    *,
    deep: bool,
) -> list[int]:
    """The ids of at most `room` operations for `host` to take in this very transaction.

    A `deep` queue had `WINDOW` of them or more a moment ago.
    """
    one_at_a_time(tx, f"baremetal claims {place.group}")
    queued = _queued_of_many(tx, place, room) if deep else _queued(tx, place, room)
    # To count what has begun is dear where thousands wait for their machines.
    limited = any(row.started_at is None and row.kind in limits for row in queued)
    begun: Counter[tuple[str, str, str | None]] = Counter()
    for kind, where, owner, count in tx.execute(_BEGUN, {"group": place.group}) if limited else ():
        begun[kind, where, owner] += count
    return choose(queued, begun, limits, room, host)


def _queued(tx: sa.Connection, place: Place, room: int) -> Sequence[Any]:
    """All that may be chosen: nobody's backlog of one kind hides what stands behind it."""
    looks, where = _looks(place), place.parameters
    first = tx.execute(looks.first, where).all()
    if len(first) == WINDOW:
        return _queued_of_many(tx, place, room)
    return sorted(first, key=lambda row: row.id)


def _queued_of_many(tx: sa.Connection, place: Place, room: int) -> Sequence[Any]:
    looks, where = _looks(place), place.parameters
    found: list[Any] = [*tx.execute(looks.resumed, {**where, "most": room})]
    if 2 * len(found) >= room:
        # They go first in any case; to look for others is dear, and the next claim will.
        return found
    # From sort to sort: each look is at one place of the index, however long the queue is.
    for kind in _each(tx, looks.next_kind, where):
        sort = {**where, "kind": kind, "most": room}
        found += tx.execute(looks.of_nobody, sort)
        for requester in ("", *_each(tx, looks.next_requester, sort)):
            found += tx.execute(looks.of_sort, {**sort, "requester": requester})
    return sorted(found, key=lambda row: row.id)


def _each(
    tx: sa.Connection, next_one: "sa.Select[tuple[Any]]", where: Mapping[str, Any]
) -> Iterator[str]:
    value: str | None = ""
    while (value := tx.execute(next_one, {**where, "after": value}).scalar()) is not None:
        yield value


def choose(
    queued: Sequence[Queued],
    in_progress: Mapping[tuple[str, str, str | None], int],
    limits: Mapping[str, Limits],
    room: int,
    host: str,
) -> list[int]:
    """Ids to take: what resumes first, then by turns between requesters, within the limits.

    `in_progress` counts what has begun and is not over, by kind, conductor group and conductor.
    """
    chosen = [row.id for row in queued if row.started_at is not None][:room]
    by_group: Counter[tuple[str, str]] = Counter()
    by_host: Counter[str] = Counter()
    for (kind, group, owner), count in in_progress.items():
        by_group[kind, group] += count
        if owner == host:
            by_host[kind] += count
    batch_open = {key for key, count in by_group.items() if count}
    for row in _by_turns([row for row in queued if row.started_at is None]):
        if len(chosen) >= room:
            break
        key = (row.kind, row.conductor_group)
        limit = limits.get(row.kind, Limits())
        if limit.rolling and (key in batch_open or by_group[key] >= limit.rolling):
            continue
        if limit.per_group is not None and by_group[key] >= limit.per_group:
            continue
        if limit.per_conductor is not None and by_host[row.kind] >= limit.per_conductor:
            continue
        by_group[key] += 1
        by_host[row.kind] += 1
        chosen.append(row.id)
    return chosen


def _by_turns(queued: Iterable[Queued]) -> Iterable[Queued]:
    """One of each requester in turn, each requester's in order."""
    queues: dict[str | None, deque[Queued]] = defaultdict(deque)
    for row in queued:
        queues[row.requested_by].append(row)
    turns = deque(queues.values())
    while turns:
        queue = turns.popleft()
        yield queue.popleft()
        if queue:
            turns.append(queue)
