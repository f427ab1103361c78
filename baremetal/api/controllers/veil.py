"""What those who only use a machine do not see of its node: how its BMC is reached."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from baremetal.api.call import Call
from baremetal.api.policies.nodes import GET_DRIVER_INFO
from baremetal.db.database import shown
from baremetal.db.tables import nodes

_NAMES = ("driver_info", "driver_internal_info")
_INSTEAD = f'{{"hidden":"Seeing this takes policy {GET_DRIVER_INFO.name}."}}'


@dataclass(frozen=True, slots=True)
class Veil:
    """Whether a project sees it of its own nodes, and of those that are lent to it.

    Statements with it take the parameter ``project``.
    """

    own: bool
    lent: bool

    def column(self, name: str) -> "sa.ColumnElement[Any]":
        """A column of nodes, or what is shown instead."""
        if name not in _NAMES:
            return shown(nodes.c[name])
        project = sa.bindparam("project", type_=sa.String)
        seen = (
            *((nodes.c.owner == project,) if self.own else ()),
            *((nodes.c.lessee == project,) if self.lent else ()),
        )
        plain = sa.type_coerce(nodes.c[name], sa.Text)
        return sa.case((sa.or_(sa.false(), *seen), plain), else_=sa.literal(_INSTEAD)).label(name)


def veil(call: Call) -> Veil | None:
    """What lies between the caller and nodes; None where they see everything."""
    policy, asker = call.services.policy, call.identity
    if policy is None or policy.ruling(asker, GET_DRIVER_INFO):
        return None
    mine = asker.project_id or ""
    return Veil(
        own=policy.allows(asker, GET_DRIVER_INFO, {"node.owner": mine}),
        lent=policy.allows(asker, GET_DRIVER_INFO, {"node.lessee": mine}),
    )
