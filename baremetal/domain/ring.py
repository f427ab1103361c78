"""Who of several looks after what: a consistent hash ring over fixed slots.

Every node has a slot (`slot_of`), so that a database can tell the nodes of one conductor. When
a conductor comes or goes, only the slots move that it takes or leaves.
"""

from collections.abc import Collection, Sequence
from typing import Final

from tooz.hashring import HashRing

from baremetal.domain.node import SLOTS

#: Points of each host on the ring: the more, the more equal the shares.
_POINTS: Final = 128


class Ring:
    """The slots of several hosts, at least one."""

    def __init__(self, hosts: Collection[str]) -> None:
        """Divide all slots among `hosts`, whatever their order."""
        ordered = sorted(set(hosts))
        #: Who has each slot.
        self.hosts: Sequence[str] = ordered * SLOTS if len(ordered) == 1 else _divided(ordered)

    def slots(self, host: str) -> tuple[int, ...]:
        """The slots of a host, in order; none if it is not of the ring."""
        return tuple(slot for slot, owner in enumerate(self.hosts) if owner == host)


def _divided(hosts: Collection[str]) -> list[str]:
    ring = HashRing(hosts, partitions=_POINTS)
    return [next(iter(ring.get_nodes(f"slot {slot}".encode()))) for slot in range(SLOTS)]
