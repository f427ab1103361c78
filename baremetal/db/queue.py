"""The queue of operations: which are to be taken next, in fair order and within limits."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import sqlalchemy as sa

from baremetal.db.database import one_at_a_time
from baremetal.db.tables import operations
from baremetal.domain import operation as op
from baremetal.domain.operation import Limits

#: So many queued operations are looked at one by one; of more, the first of each sort.
WINDOW = 100

_COLUMNS = [
    operations.c[name] for name in ("id", "kind", "conductor_group", "requested_by", "started_at")
]
# A literal, since SQLite takes a partial index for nothing less. Its index holds all columns.
_QUEUED_HERE = sa.and_(
    operations.c.state == sa.literal(op.QUEUED, literal_execute=True),
    operations.c.conductor_group == sa.bindparam("group"),
)
_RESUMES = operations.c.started_at.is_not(None)
_QUEUED = sa.select(*_COLUMNS).where(_QUEUED_HERE)
_FIRST = _QUEUED.limit(WINDOW)
_RESUMED = _QUEUED.where(_RESUMES).order_by(operations.c.id).limit(sa.bindparam("most"))
_FRESH = sa.and_(_QUEUED_HERE, operations.c.started_at.is_(None))
_SORTS = (
    sa.select(operations.c.kind, operations.c.requested_by, _RESUMES).where(_QUEUED_HERE).distinct()
)
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
_OWNED = (operations.c.kind, operations.c.conductor_group, operations.c.owner)
_BEGUN = (
    sa.select(*_OWNED, sa.func.count())
    .where(
        operations.c.state.in_(op.OPEN),
        operations.c.started_at.is_not(None),
        operations.c.conductor_group == sa.bindparam("group"),
    )
    .group_by(*_OWNED)
)
_ANY = sa.select(operations.c.id).where(_QUEUED_HERE).limit(1)


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
    # To count what has begun is dear where thousands wait for their machines.
    limited = any(row.started_at is None and row.kind in limits for row in queued)
    begun = {}
    if limited:
        counted = tx.execute(_BEGUN, {"group": group})
        begun = {(kind, where, owner): count for kind, where, owner, count in counted}
    return choose(queued, begun, limits, room, host)


def _queued(tx: sa.Connection, group: str, room: int) -> Sequence[Any]:
    """All that may be chosen: nobody's backlog of one kind hides what stands behind it."""
    first = tx.execute(_FIRST, {"group": group}).all()
    if len(first) < WINDOW:
        return sorted(first, key=lambda row: row.id)
    sorts = tx.execute(_SORTS, {"group": group}).all()
    found: list[Any] = []
    if any(resumes for *_, resumes in sorts):
        found += tx.execute(_RESUMED, {"group": group, "most": room})
    if len(found) == room:
        return found
    for kind, requester, resumes in sorts:
        if not resumes:
            sort = {"group": group, "kind": kind, "requester": requester, "most": room}
            found += tx.execute(_OF_SORT, sort)
    return sorted(found, key=lambda row: row.id)


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
