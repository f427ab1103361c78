"""Operations: they belong to whom their node, or image, belongs to."""

from baremetal.auth.rules import (
    ADMIN,
    IMAGE_MEMBER,
    IMAGE_READER,
    KEEPERS,
    OVERSEERS,
    OWNER_READER,
    READER,
    SEERS,
    SERVICE,
    Rule,
)

GET = Rule("baremetal:operation:get", "See an operation.", (*SEERS, IMAGE_READER), of="operation")
GET_AUTOPSY = Rule(
    "baremetal:operation:get_autopsy",
    "See why an operation failed, and how the node's BMC was asked.",
    (*OVERSEERS, OWNER_READER, IMAGE_READER),
    of="operation",
)
LIST_ALL = Rule(
    "baremetal:operation:list_all", "List operations on anybody's nodes and images.", OVERSEERS
)
LIST = Rule(
    "baremetal:operation:list",
    "List operations on one's own project's images, and on the nodes that it owns or rents.",
    (ADMIN, SERVICE, READER),
    all=LIST_ALL,
)
CANCEL = Rule(
    "baremetal:operation:cancel",
    "Cancel an operation.",
    (*KEEPERS, IMAGE_MEMBER),
    of="operation",
)
