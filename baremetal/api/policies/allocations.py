"""Allocations: they belong to the project that asked for them."""

from baremetal.auth.rules import (
    ADMIN,
    ALLOCATION_MEMBER,
    ALLOCATION_READER,
    MEMBER,
    OVERSEERS,
    READER,
    SERVICE,
    SYSTEM_MEMBER,
    Rule,
)

_CHANGERS = (ADMIN, SERVICE, SYSTEM_MEMBER, ALLOCATION_MEMBER)

GET = Rule(
    "baremetal:allocation:get",
    "See an allocation.",
    (*OVERSEERS, ALLOCATION_READER),
    of="allocation",
)
LIST_ALL = Rule("baremetal:allocation:list_all", "List everybody's allocations.", OVERSEERS)
LIST = Rule(
    "baremetal:allocation:list",
    "List the allocations of one's own project.",
    (ADMIN, SERVICE, READER),
    all=LIST_ALL,
)
CREATE_RESTRICTED = Rule(
    "baremetal:allocation:create_restricted",
    "Ask for a node on behalf of one's own project, among those that it owns or rents.",
    (MEMBER,),
)
CREATE = Rule(
    "baremetal:allocation:create",
    "Ask for any node, on behalf of anybody.",
    (ADMIN, SERVICE, SYSTEM_MEMBER),
    parts=(CREATE_RESTRICTED,),
)
UPDATE = Rule("baremetal:allocation:update", "Change an allocation.", _CHANGERS, of="allocation")
DELETE = Rule(
    "baremetal:allocation:delete", "Give an allocated node back.", _CHANGERS, of="allocation"
)
