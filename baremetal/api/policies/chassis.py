"""Chassis: they belong to the cloud."""

from baremetal.auth.rules import ADMIN, OVERSEERS, SYSTEM_MEMBER, Rule

GET = Rule("baremetal:chassis:get", "See chassis.", OVERSEERS)
CREATE = Rule("baremetal:chassis:create", "Add a chassis.", (ADMIN,))
UPDATE = Rule("baremetal:chassis:update", "Change a chassis.", (ADMIN, SYSTEM_MEMBER))
DELETE = Rule("baremetal:chassis:delete", "Remove a chassis.", (ADMIN,))
