"""What a node must be to fulfil a wish. Pure: a wish goes in, a condition in SQL comes out.

Filters that describe the machine come before those that describe its present state, so
that an explanation ends at what can still be waited for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from baremetal.db.tables import nodes
from baremetal.domain import states
from baremetal.domain.allocation import Wish


@dataclass(frozen=True, slots=True)
class Filter:
    """One rule. `says` names it after a number of nodes: "3 with resource class gpu".

    `condition` is None where the wish does not care. `instead` is what a node that fails
    the rule has, out of a row of `SHOWN`.
    """

    says: Callable[[Wish], str]
    condition: Callable[[Wish], "sa.ColumnElement[bool] | None"]
    instead: Callable[[Wish, Any], str]


#: The columns that `Filter.instead` may read.
SHOWN = tuple(
    nodes.c[name]
    for name in (
        "uuid",
        "name",
        "owner",
        "resource_class",
        "traits",
        "provision_state",
        "maintenance_reason",
        "fault",
        "power_state",
        "retired_reason",
        "instance_uuid",
        "operation_uuid",
    )
)


def _owned(wish: Wish) -> "sa.ColumnElement[bool] | None":
    if wish.owner is None:
        return None
    return sa.or_(nodes.c.owner == wish.owner, nodes.c.lessee == wish.owner)


def _candidate(wish: Wish) -> "sa.ColumnElement[bool] | None":
    return nodes.c.uuid.in_(wish.candidates) if wish.candidates else None


def _with_traits(wish: Wish) -> "sa.ColumnElement[bool] | None":
    """Traits are a JSON array as text, and no trait contains a quote."""
    if not wish.traits:
        return None
    text = sa.type_coerce(nodes.c.traits, sa.Text)
    return sa.and_(*(text.contains(f'"{trait}"', autoescape=True) for trait in wish.traits))


def _missing_traits(wish: Wish, row: Any) -> str:
    return "without " + ", ".join(trait for trait in wish.traits if trait not in row.traits)


def _reason(text: str, reason: str | None) -> str:
    return f"{text}: {reason}" if reason else text


FILTERS = (
    Filter(
        lambda wish: f"that belong or are lent to {wish.owner}",
        _owned,
        lambda _, row: f"of {row.owner}" if row.owner else "of nobody",
    ),
    Filter(lambda _: "among the candidates", _candidate, lambda *_: "no candidate"),
    Filter(
        lambda wish: f"with resource class {wish.resource_class}",
        lambda wish: nodes.c.resource_class == wish.resource_class,
        lambda _, row: f"resource class {row.resource_class}" if row.resource_class else "no class",
    ),
    Filter(lambda wish: f"with {', '.join(wish.traits)}", _with_traits, _missing_traits),
    Filter(
        lambda _: "in state available",
        lambda _: nodes.c.provision_state == states.AVAILABLE,
        lambda _, row: row.provision_state,
    ),
    Filter(
        lambda _: "not retired",
        lambda _: nodes.c.retired.is_(sa.false()),
        lambda _, row: _reason("retired", row.retired_reason),
    ),
    Filter(
        lambda _: "out of maintenance",
        lambda _: nodes.c.maintenance.is_(sa.false()),
        lambda _, row: _reason("maintenance", row.maintenance_reason),
    ),
    Filter(
        lambda _: "with a BMC that answers",
        lambda _: sa.and_(nodes.c.power_state.is_not(None), nodes.c.fault.is_(None)),
        lambda _, row: row.fault or "power state unknown",
    ),
    Filter(
        lambda _: "not in use",
        lambda _: nodes.c.instance_uuid.is_(None),
        lambda _, row: f"instance {row.instance_uuid}",
    ),
    Filter(
        lambda _: "at rest",
        lambda _: nodes.c.operation_uuid.is_(None),
        lambda _, row: f"operation {row.operation_uuid}",
    ),
)


def wanted(wish: Wish) -> "list[tuple[Filter, sa.ColumnElement[bool]]]":
    """The filters that this wish is about, each with its condition."""
    found = [(each, each.condition(wish)) for each in FILTERS]
    return [(each, condition) for each, condition in found if condition is not None]
