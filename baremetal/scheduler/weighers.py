"""Which of the nodes that fit is taken first. Pure: each gives an expression, the least wins."""

from collections.abc import Callable, Collection
from typing import Any

import sqlalchemy as sa

from baremetal.db.tables import nodes
from baremetal.domain.allocation import Wish

#: (driver, conductor group) that a living conductor answers for
Driven = Collection[tuple[str, str]]
Weigher = Callable[[Wish, Driven], "sa.ColumnElement[Any] | None"]


def same_name(wish: Wish, _driven: Driven) -> "sa.ColumnElement[Any] | None":
    """The node that is called like the allocation, where both follow one scheme."""
    return None if wish.name is None else sa.case((nodes.c.name == wish.name, 0), else_=1)


def driven_now(_wish: Wish, driven: Driven) -> "sa.ColumnElement[Any] | None":
    """Nodes whose conductor lives; the others have to wait for theirs."""
    if not driven:
        return None
    pair = sa.tuple_(nodes.c.driver, nodes.c.conductor_group)
    return sa.case((pair.in_(list(driven)), 0), else_=1)


def plainest(_wish: Wish, _driven: Driven) -> "sa.ColumnElement[Any]":
    """Nodes with few traits, so that special ones are left for those who ask for them."""
    return sa.func.length(sa.type_coerce(nodes.c.traits, sa.Text))


def by_chance(_wish: Wish, _driven: Driven) -> "sa.ColumnElement[Any]":
    """Any of the equals, so that wishes of one moment do not run after the same node."""
    return sa.func.random()


WEIGHERS: tuple[Weigher, ...] = (same_name, driven_now, plainest, by_chance)


def order(wish: Wish, driven: Driven) -> "list[sa.ColumnElement[Any]]":
    """What to order by, the most important first."""
    found = (weigher(wish, driven) for weigher in WEIGHERS)
    return [expression for expression in found if expression is not None]
