"""Operations: they belong to whom their node belongs to."""

from baremetal.auth.rules import (
    ADMIN,
    KEEPERS,
    OVERSEERS,
    OWNER_READER,
    READER,
    SEERS,
    SERVICE,
    Rule,
)

GET = Rule("baremetal:operation:get", "See an operation.", SEERS, of="operation")
GET_AUTOPSY = Rule(
    "baremetal:operation:get_autopsy",
    "See why an operation failed, and how the node's BMC was asked.",
    (*OVERSEERS, OWNER_READER),
    of="operation",
)
LIST_ALL = Rule("baremetal:operation:list_all", "List operations on anybody's nodes.", OVERSEERS)
LIST = Rule(
    "baremetal:operation:list",
    "List operations on the nodes that one's own project owns or rents.",
    (ADMIN, SERVICE, READER),
    all=LIST_ALL,
)
CANCEL = Rule("baremetal:operation:cancel", "Cancel an operation.", KEEPERS, of="operation")
