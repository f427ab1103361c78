"""The queue of operations: which are to be taken next, in fair order and within limits."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import sqlalchemy as sa

from baremetal.db.locks import one_at_a_time
from baremetal.db.tables import operations
from baremetal.domain import operation as op
from baremetal.domain.operation import Limits

#: So many queued operations are looked at one by one; of more, the first of each sort.
WINDOW = 500

_COLUMNS = [
    operations.c[name] for name in ("id", "kind", "conductor_group", "requested_by", "started_at")
]
_HERE = operations.c.conductor_group == sa.bindparam("group")
_QUEUED = sa.select(*_COLUMNS).where(operations.c.state == op.QUEUED, _HERE)
_FIRST = _QUEUED.order_by(operations.c.id).limit(WINDOW)
_RESUMED = (
    _QUEUED.where(operations.c.started_at.is_not(None))
    .order_by(operations.c.id)
    .limit(sa.bindparam("most"))
)
# A literal, since SQLite takes a partial index for nothing less.
_FRESH = sa.and_(
    operations.c.state == sa.literal(op.QUEUED, literal_execute=True),
    _HERE,
    operations.c.started_at.is_(None),
)
_SORTS = sa.select(operations.c.kind, operations.c.requested_by).where(_FRESH).distinct()
_OF_SORT = (
    sa.select(*_COLUMNS)
    .where(
        _FRESH,
        operations.c.kind == sa.bindparam("kind"),
        operations.c.requested_by.is_not_distinct_from(sa.bindparam("requester")),
    )
    .order_by(operations.c.id)
    .limit(sa.bindparam("most"))
)
_BEGUN = sa.select(operations.c.kind, operations.c.conductor_group, operations.c.owner).where(
    operations.c.state.in_(op.OPEN), operations.c.started_at.is_not(None)
)
_ANY = sa.select(operations.c.id).where(operations.c.state == op.QUEUED, _HERE).limit(1)


class Queued(Protocol):
    """What of a queued operation decides its turn; `started_at` is set on one that resumes."""

    id: int
    kind: str
    conductor_group: str
    requested_by: str | None
    started_at: str | None


def anything(connection: sa.Connection, group: str) -> bool:
    """Whether a look at the queue of a conductor group is worth its transaction."""
    return connection.execute(_ANY, {"group": group}).first() is not None


def next_ids(
    tx: sa.Connection, group: str, host: str, limits: Mapping[str, Limits], room: int
) -> list[int]:
    """The ids of at most `room` operations for `host` to take in this very transaction."""
    one_at_a_time(tx, f"baremetal claims {group}")
    queued = _queued(tx, group, room)
    begun = [tuple(row) for row in tx.execute(_BEGUN)]
    return choose(queued, begun, limits, room, host)


def _queued(tx: sa.Connection, group: str, room: int) -> Sequence[Any]:
    """All that may be chosen: nobody's backlog of one kind hides what stands behind it."""
    first = tx.execute(_FIRST, {"group": group}).all()
    if len(first) < WINDOW:
        return first
    found = list(tx.execute(_RESUMED, {"group": group, "most": room}))
    for kind, requester in tx.execute(_SORTS, {"group": group}).all():
        sort = {"group": group, "kind": kind, "requester": requester, "most": room}
        found += tx.execute(_OF_SORT, sort)
    return sorted(found, key=lambda row: row.id)


def choose(
    queued: Sequence[Queued],
    in_progress: Iterable[tuple[str, str, str | None]],
    limits: Mapping[str, Limits],
    room: int,
    host: str,
) -> list[int]:
    """Ids to take: what resumes first, then by turns between requesters, within the limits.

    `in_progress` is (kind, conductor group, conductor) of all that has begun and is not over.
    """
    chosen = [row.id for row in queued if row.started_at is not None][:room]
    by_group: Counter[tuple[str, str]] = Counter()
    by_host: Counter[str] = Counter()
    for kind, group, owner in in_progress:
        by_group[kind, group] += 1
        if owner == host:
            by_host[kind] += 1
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
