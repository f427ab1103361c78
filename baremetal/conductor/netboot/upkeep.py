"""What machines boot lies at the one conductor that has them, and nowhere else, nor for longer.

A node whose operation waits for its agent is its conductor's, until that one dies: then it is that
of the conductor which looks after the node, and this one lays out for it what it needs.
"""

import logging
from collections.abc import Callable, Collection
from typing import Final

from baremetal.clock import Clock
from baremetal.db.booting import WorkedOn, worked_on
from baremetal.db.nodes import NodeStore
from baremetal.domain.errors import BaremetalError, Unavailable
from baremetal.drivers.boot import layout
from baremetal.drivers.interfaces import BootPlace
from baremetal.drivers.registry import Registry
from baremetal.engine.members import Members

LOG = logging.getLogger(__name__)

#: How often is looked, seconds.
SECONDS: Final = 3.0
#: How long a version of a kernel or ramdisk is kept that no machine boots, seconds.
_KEPT: Final = 3600.0


class Upkeep:
    """The sweep of a conductor through its own `place`."""

    def __init__(  # noqa: PLR0913, PLR0917 - wiring
        self,
        place: BootPlace,
        nodes: NodeStore,
        registry: Registry,
        members: Members,
        clock: Clock,
        host: str,
        forget: Callable[[], None],
    ) -> None:
        """Keep the place of conductor `host`; `forget` lets DHCP forget hosts that are gone."""
        self._place = place
        self._nodes = nodes
        self._registry = registry
        self._members = members
        self._clock = clock
        self._host = host
        self._forget = forget
        self._is_first = True
        #: Operations for whose machines all lies here, and those that were another's a moment ago.
        self._served: set[str] = set()
        self._elsewhere: set[str] = set()

    def sweep(self) -> None:
        """Lay out what is missing, take away what is too much.

        :raises Unavailable: the database does not answer.
        """
        # In this order: who has laid something out by now, has had the operation before.
        there = layout.offered(self._place)
        all_, alive = worked_on(self._nodes.db), self._alive()
        ours = [one for one in all_ if self._holder(one, alive) == self._host]
        self._take_away(there, all_, ours)
        self._served &= {one.operation for one in ours}
        self._lay_out([one for one in ours if one.waits_for_agent])
        self._elsewhere = {one.operation for one in all_} - {one.operation for one in ours}
        self._is_first = False
        layout.drop_versions(self._place, self._clock.now().timestamp() - _KEPT)

    def _alive(self) -> set[str]:
        return {str(row["hostname"]) for row in self._members.rows() if row["alive"]}

    def _holder(self, one: WorkedOn, alive: Collection[str]) -> str:
        if one.owner in alive:
            return one.owner
        # Where nobody is alive, the database was away for long: nobody has taken anything over.
        return self._members.host_for(one.driver, one.group, one.slot) or one.owner

    def _take_away(self, there: layout.Offered, all_: list[WorkedOn], ours: list[WorkedOn]) -> None:
        # Several conductors may write scripts for one server; the entries for DHCP are our own.
        booting, answered = _names(all_), _names(ours)
        scripts = {path: at for path, at in there.scripts.items() if path.stem not in booting}
        hosts = {path: at for path, at in there.hosts.items() if path.name not in answered}
        layout.drop(self._place, scripts | hosts)
        if hosts:
            self._forget()

    def _lay_out(self, waiting: list[WorkedOn]) -> None:
        for one in waiting:
            if one.operation in self._served:
                continue
            # Else its step has done it, in this very life.
            if one.owner != self._host or one.operation in self._elsewhere or self._is_first:
                self._lay_out_one(one)
            self._served.add(one.operation)

    def _lay_out_one(self, one: WorkedOn) -> None:
        try:
            node = self._nodes.get(one.node)
            boot = self._registry.driver(node).boot
            if boot.is_served:
                boot.prepare_ramdisk(node)
                LOG.info("node %s boots its ramdisk from here from now on", one.node)
        except Unavailable:
            raise
        except (BaremetalError, OSError) as error:
            LOG.warning("node %s can not boot its ramdisk from here: %s", one.node, error)


def _names(some: list[WorkedOn]) -> set[str]:
    return {layout.file_name(mac) for one in some for mac in one.macs}
