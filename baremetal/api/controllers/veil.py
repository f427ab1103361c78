"""What those who only use a machine do not see: how its BMC is reached, and what tells of it.

Errors of drivers name addresses and users of BMCs, so they are veiled as `driver_info` is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from baremetal.api.call import Call
from baremetal.api.policies.nodes import GET_DRIVER_INFO
from baremetal.auth.identity import Identity
from baremetal.db.database import Database, shown
from baremetal.db.owners import owners
from baremetal.db.tables import nodes, operations
from baremetal.domain.operation import NODE

_INSTEAD: Final = f"Seeing this takes policy {GET_DRIVER_INFO.name}."
_OBJECT: Final = f'{{"hidden":"{_INSTEAD}"}}'

_HIDDEN = sa.literal(_INSTEAD)
_ASKER: Final[sa.BindParameter[str]] = sa.bindparam("asker", type_=sa.String)
#: {column of nodes: what is shown instead}
_OF_NODES: Final[Mapping[str, "sa.ColumnElement[Any]"]] = {
    "driver_info": sa.literal(_OBJECT),
    "driver_internal_info": sa.literal(_OBJECT),
    "last_error": sa.case((nodes.c.last_error.is_not(None), _HIDDEN)),
}
#: {column of operations: the same}. Steps tell of errors once the operation has failed.
_OF_OPERATIONS: Final[Mapping[str, "sa.ColumnElement[Any]"]] = {
    "error": sa.case((operations.c.error.is_not(None), _HIDDEN)),
    "steps": sa.case(
        (operations.c.error.is_not(None), sa.literal("[]")),
        else_=sa.type_coerce(operations.c.steps, sa.Text),
    ),
    "requested_by": sa.case((operations.c.requested_by == _ASKER, _ASKER)),
}


@dataclass(frozen=True, slots=True)
class Veil:
    """Whether a project sees it of its own nodes, and of those that are lent to it.

    Statements with it take the parameters `bound`.
    """

    own: bool
    lent: bool

    def column(self, name: str) -> "sa.ColumnElement[Any]":
        """A column of nodes, or what is shown instead."""
        if name not in _OF_NODES:
            return shown(nodes.c[name])
        return self._or(nodes.c[name], self.lifted(), _OF_NODES[name])

    def bound(self, asker: Identity) -> dict[str, Any]:
        """The parameters of statements for this caller."""
        return {"project": asker.project_id}

    def lifted(self) -> "sa.ColumnElement[bool]":
        """The condition that the project sees it of a node."""
        project = sa.bindparam("project", type_=sa.String)
        seen = (
            *((nodes.c.owner == project,) if self.own else ()),
            *((nodes.c.lessee == project,) if self.lent else ()),
        )
        return sa.or_(sa.false(), *seen)

    def lifted_of(self, project: str | None, owned: Mapping[str, str]) -> bool:
        """Whether the project sees it of a node with these owners (`baremetal.db.owners`)."""
        return project is not None and (
            (self.own and owned.get("node.owner") == project)
            or (self.lent and owned.get("node.lessee") == project)
        )

    @staticmethod
    def _or(
        column: "sa.Column[Any]",
        seen: "sa.ColumnElement[bool]",
        instead: "sa.ColumnElement[Any]",
    ) -> "sa.ColumnElement[Any]":
        plain = sa.type_coerce(column, sa.Text)
        return sa.case((seen, plain), else_=instead).label(column.name)


@dataclass(frozen=True, slots=True)
class OperationVeil(Veil):
    """The same for the operations on such nodes. Whoever asked for one sees that they did."""

    def bound(self, asker: Identity) -> dict[str, Any]:
        """The parameters of statements for this caller."""
        return {**Veil.bound(self, asker), "asker": asker.name}

    def column(self, name: str) -> "sa.ColumnElement[Any]":
        """A column of operations, or what is shown instead."""
        if name not in _OF_OPERATIONS:
            return shown(operations.c[name])
        theirs = sa.select(nodes.c.uuid).where(self.lifted())
        # Only those on nodes can tell of BMCs.
        of_others = operations.c.resource_type != NODE
        seen = sa.or_(of_others, operations.c.resource_uuid.in_(theirs))
        return self._or(operations.c[name], seen, _OF_OPERATIONS[name])


_V = TypeVar("_V", bound=Veil)


def veil(call: Call) -> Veil | None:
    """What lies between the caller and nodes; None where they see everything."""
    return _made(Veil, call)


def operation_veil(call: Call) -> OperationVeil | None:
    """What lies between the caller and operations; None where they see everything."""
    return _made(OperationVeil, call)


def _made(cls: type[_V], call: Call) -> _V | None:
    policy, asker = call.services.policy, call.identity
    if policy is None or policy.ruling(asker, GET_DRIVER_INFO):
        return None
    mine = asker.project_id or ""
    return cls(
        own=policy.allows(asker, GET_DRIVER_INFO, {"node.owner": mine}),
        lent=policy.allows(asker, GET_DRIVER_INFO, {"node.lessee": mine}),
    )


def error_of_node(call: Call, uuid: str, error: str | None) -> str | None:
    """A node's error, or what is shown instead."""
    behind = veil(call) if error is not None else None
    if behind is None:
        return error
    found = owners(call.services.db, "node", uuid)
    seen = found is not None and behind.lifted_of(call.identity.project_id, found[1])
    return error if seen else _INSTEAD


def veiled_events(
    db: Database, behind: Veil | None, project: str | None, rows: Sequence[dict[str, Any]]
) -> Sequence[dict[str, Any]]:
    """Events, without errors of nodes of which the project does not see them."""
    telling = {row["node_uuid"] for row in rows if row["data"].get("error") is not None}
    if behind is None or not telling:
        return rows
    query = sa.select(nodes.c.uuid).where(nodes.c.uuid.in_(telling), behind.lifted())
    with db.read() as connection:
        seen = set(connection.execute(query, {"project": project}).scalars())
    return [
        {**row, "data": {**row["data"], "error": _INSTEAD}}
        if row["node_uuid"] in telling - seen and row["data"].get("error") is not None
        else row
        for row in rows
    ]
