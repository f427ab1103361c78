"""Why no node fulfils a wish: what each filter left, and the nodes that came nearest."""

from typing import Any

import sqlalchemy as sa

from baremetal.db.database import Database
from baremetal.db.tables import nodes
from baremetal.domain.allocation import Wish
from baremetal.scheduler.filters import SHOWN, Filter, wanted

#: How many of the nearest misses are named.
_NAMED = 3


def explain(db: Database, wish: Wish) -> str | None:
    """One or two sentences; None if by now there is a node that fits."""
    filters = wanted(wish)
    with db.read() as connection:
        total, *left = connection.execute(_counts(filters)).one()
        if not total:
            return "no node is enrolled."
        if left[-1]:
            return None
        if wish.owner is not None and not left[0]:
            # Whose the others are is no business of theirs.
            return f"no node belongs or is lent to {wish.owner}."
        stop = next(number for number, count in enumerate(left) if not count)
        near = [condition for _, condition in filters[:stop]]
        query = sa.select(*SHOWN).where(*near).order_by(nodes.c.id).limit(_NAMED)
        misses = connection.execute(query).all()
    parts = [
        f"{count or 'none'} {each.says(wish)}"
        for (each, _), count in zip(filters[: stop + 1], left, strict=False)
    ]
    nearest = ", ".join(f"{m.name or m.uuid} ({filters[stop][0].instead(wish, m)})" for m in misses)
    nodes_word = "node" if total == 1 else "nodes"
    return (
        f"no node fits. Of {total} {nodes_word}: {', of these '.join(parts)}. Nearest: {nearest}."
    )


def _counts(filters: "list[tuple[Filter, sa.ColumnElement[bool]]]") -> "sa.Select[Any]":
    """How many nodes there are, and how many pass the first, the first two... filters."""
    flags = [
        sa.case((condition, 1), else_=0).label(f"passes_{number}")
        for number, (_, condition) in enumerate(filters)
    ]
    judged = sa.select(*flags).select_from(nodes).subquery()
    passes = list(judged.c)
    columns: list[sa.ColumnElement[Any]] = [sa.func.count()]
    for number in range(1, len(passes) + 1):
        all_of_these = sa.and_(*(each == 1 for each in passes[:number]))
        columns.append(sa.func.count(sa.case((all_of_these, 1))))
    return sa.select(*columns).select_from(judged)
