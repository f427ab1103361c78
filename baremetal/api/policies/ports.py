"""Ports: they belong to whom their node belongs to."""

from baremetal.auth.rules import (
    ADMIN,
    KEEPERS,
    MANAGERS,
    OVERSEERS,
    READER,
    SEERS,
    SERVICE,
    Rule,
)

GET = Rule("baremetal:port:get", "See a port.", SEERS, of="port")
LIST_ALL = Rule("baremetal:port:list_all", "List the ports of everybody's nodes.", OVERSEERS)
LIST = Rule(
    "baremetal:port:list",
    "List the ports of the nodes that one's own project owns or rents.",
    (ADMIN, SERVICE, READER),
    all=LIST_ALL,
)
CREATE = Rule("baremetal:port:create", "Add a port to a node.", MANAGERS, of="port")
UPDATE = Rule("baremetal:port:update", "Change a port.", KEEPERS, of="port")
DELETE = Rule("baremetal:port:delete", "Remove a port.", MANAGERS, of="port")
