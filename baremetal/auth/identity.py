"""Who is asking."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller, as far as they have proved who they are, and the scope that they act in."""

    name: str | None
    authenticated: bool = True
    roles: frozenset[str] = frozenset()
    user_id: str | None = None
    project_id: str | None = None
    project_name: str | None = None
    #: ``all`` for those who act on the whole system, None for those who act in a project.
    system_scope: str | None = None


#: What an administrator has; Keystone lets each role imply the lesser ones too.
_ALL_ROLES = frozenset({"admin", "manager", "member", "reader"})


def administrator(name: str | None) -> Identity:
    """A caller who may do everything: where there is no Keystone, there are no lesser roles."""
    return Identity(name, roles=_ALL_ROLES, system_scope="all")


ANONYMOUS = Identity(None, authenticated=False)
"""Somebody who gave no credentials."""

NOBODY_ASKED = administrator(None)
"""Anybody, where authentication is switched off."""
