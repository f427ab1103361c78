"""Operations: they belong to whom their node, image or share belongs to."""

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
    SHARE_READER,
    Rule,
)

GET = Rule(
    "baremetal:operation:get",
    "See an operation.",
    (*SEERS, IMAGE_READER, SHARE_READER),
    of="operation",
)
GET_AUTOPSY = Rule(
    "baremetal:operation:get_autopsy",
    "See why an operation failed, and how the node's BMC was asked.",
    (*OVERSEERS, OWNER_READER, IMAGE_READER),
    of="operation",
)
LIST_ALL = Rule(
    "baremetal:operation:list_all",
    "List operations on anybody's nodes, images and shares.",
    OVERSEERS,
)
LIST = Rule(
    "baremetal:operation:list",
    "List operations on images, shares and nodes that one's own project has, or rents.",
    (ADMIN, SERVICE, READER),
    all=LIST_ALL,
)
CANCEL = Rule(
    "baremetal:operation:cancel",
    "Cancel an operation.",
    (*KEEPERS, IMAGE_MEMBER),
    of="operation",
)
