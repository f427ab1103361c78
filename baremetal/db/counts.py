"""How many there are: figures for a glance at the whole, each made by one GROUP BY."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from baremetal.db.database import Database, Prepared
from baremetal.db.tables import nodes, operations
from baremetal.domain import operation as op

Rows = Sequence[tuple[Any, ...]]

# Parts of other nodes are not counted, as lists leave them out.
_OF_ITS_OWN = nodes.c.parent_node.is_(None)
_STATES = (
    nodes.c.provision_state,
    nodes.c.power_state,
    nodes.c.maintenance,
    nodes.c.fault.is_not(None),
)
_PLACES = (nodes.c.driver, nodes.c.conductor_group, nodes.c.slot)
_OPEN = (operations.c.kind, operations.c.state, operations.c.owner)
_SINCE = sa.func.min(
    sa.func.coalesce(
        sa.case((operations.c.state == op.WAITING, operations.c.waiting_since)),
        operations.c.updated_at,
        operations.c.created_at,
    )
)


def _counted(
    columns: "Sequence[sa.ColumnElement[Any]]",
    which: "sa.ColumnElement[bool]",
    *more: "sa.ColumnElement[Any]",
) -> "sa.Select[Any]":
    return sa.select(*columns, sa.func.count(), *more).where(which).group_by(*columns)


class Counts:
    """Counts what is in the database."""

    def __init__(self, db: Database) -> None:
        """Read from `db`."""
        # Literals, since a statement that is compiled once can not have lists as parameters.
        is_open = operations.c.state.in_([sa.literal_column(f"'{state}'") for state in op.OPEN])
        self._states = Prepared(db, _counted(_STATES, _OF_ITS_OWN))
        self._places = Prepared(db, _counted(_PLACES, _OF_ITS_OWN))
        self._open = Prepared(db, _counted(_OPEN, is_open, _SINCE))

    def states(self) -> Rows:
        """Of nodes: (provision_state, power_state, maintenance, has a fault, how many)."""
        return self._states.all()

    def places(self) -> Rows:
        """Of nodes: (driver, conductor_group, slot, how many)."""
        return self._places.all()

    def open_operations(self) -> Rows:
        """Of operations that are not over: (kind, state, owner or None, how many, since when).

        Since when is when the oldest of them came into its state.
        """
        return self._open.all()
