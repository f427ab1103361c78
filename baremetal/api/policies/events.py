"""Events, and the whole at a glance."""

from baremetal.auth.rules import ADMIN, OVERSEERS, READER, SERVICE, Rule

STREAM_ALL = Rule("baremetal:event:stream_all", "Hear what happens to anybody's nodes.", OVERSEERS)
STREAM = Rule(
    "baremetal:event:stream",
    "Hear what happens to the nodes that one's own project owns or rents.",
    (ADMIN, SERVICE, READER),
    all=STREAM_ALL,
)
SUMMARY = Rule(
    "baremetal:summary:get", "See how many machines are how, and who has how much to do.", OVERSEERS
)
