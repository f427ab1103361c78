"""Callers by what they have in common."""

from tests.support.callers import CALLERS

ADMINS = frozenset({"admin", "system admin"})
CLOUD = ADMINS | {"service"}
OVERSEERS = CLOUD | {"operator", "auditor"}
OWNERS = frozenset({"owner's manager", "owner's member", "owner's reader"})
LESSEES = frozenset({"lessee's manager", "lessee's member", "lessee's reader"})
SEERS = OVERSEERS | OWNERS | LESSEES
READERS = SEERS | {"stranger"}
MANAGERS = CLOUD | {"operator", "owner's manager"}
KEEPERS = MANAGERS | {"owner's member"}
USERS = KEEPERS | {"lessee's manager", "lessee's member"}
ALLOCATION_SEERS = OVERSEERS | LESSEES
ALLOCATION_CHANGERS = CLOUD | {"operator", "lessee's manager", "lessee's member"}
PUBLIC = frozenset(CALLERS) | {"nobody"}
