"""The event stream."""

from baremetal.auth.rules import ADMIN, OVERSEERS, READER, SERVICE, Rule

STREAM_ALL = Rule("baremetal:event:stream_all", "Hear what happens to anybody's nodes.", OVERSEERS)
STREAM = Rule(
    "baremetal:event:stream",
    "Hear what happens to the nodes that one's own project owns or rents.",
    (ADMIN, SERVICE, READER),
    all=STREAM_ALL,
)
