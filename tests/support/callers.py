"""Callers of each kind, as an authenticator would know them; no Keystone is needed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from baremetal.auth.identity import ANONYMOUS, Identity

#: Projects, by what they are to the node of a test.
OWNER, LESSEE, STRANGER = "owner-project", "lessee-project", "stranger-project"

_IMPLIED = {
    "reader": ("reader",),
    "member": ("member", "reader"),
    "manager": ("manager", "member", "reader"),
    "admin": ("admin", "manager", "member", "reader"),
    "service": ("service",),
}


def caller(role: str, project: str | None = None) -> Identity:
    """Somebody with a role, and what it implies, in a project or in the whole system."""
    return Identity(
        f"{role}@{project or 'system'}",
        roles=frozenset(_IMPLIED[role]),
        user_id=f"{role}-id",
        project_id=project,
        system_scope=None if project else "all",
    )


CALLERS: Mapping[str, Identity] = {
    "admin": caller("admin", "admins-project"),
    "system admin": caller("admin"),
    "service": caller("service", "service-project"),
    "operator": caller("member"),
    "auditor": caller("reader"),
    "owner's manager": caller("manager", OWNER),
    "owner's member": caller("member", OWNER),
    "owner's reader": caller("reader", OWNER),
    "lessee's manager": caller("manager", LESSEE),
    "lessee's member": caller("member", LESSEE),
    "lessee's reader": caller("reader", LESSEE),
    "stranger": caller("manager", STRANGER),
    "nobody's": Identity("someone without a role", user_id="nobody-id", project_id=OWNER),
}


class Claims:
    """An authenticator that believes who a test says is asking."""

    challenge = 'Keystone uri="http://keystone.example/v3"'

    def __init__(self) -> None:
        self.who = CALLERS["admin"]

    def identify(self, _environ: Mapping[str, Any]) -> Identity:
        return self.who

    @contextmanager
    def being(self, who: str | Identity | None) -> Iterator[None]:
        """Let a caller of `CALLERS`, or another, ask; None gives no credentials."""
        before = self.who
        self.who = CALLERS[who] if isinstance(who, str) else who or ANONYMOUS
        try:
            yield
        finally:
            self.who = before
