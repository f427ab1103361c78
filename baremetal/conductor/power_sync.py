"""The power sweep: what the machines say, compared with what we believe."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from baremetal.clock import Clock
from baremetal.db.nodes import NodeStore, of_shares
from baremetal.db.tables import nodes as table
from baremetal.domain import states
from baremetal.domain.errors import BaremetalError, ChangedMeanwhile, DriverError, Unavailable
from baremetal.domain.history import MONITORING, Failure
from baremetal.domain.node import Node
from baremetal.drivers.interfaces import PowerInterface
from baremetal.drivers.registry import Registry
from baremetal.engine.members import Members
from baremetal.meters import METERS, Sweep

LOG = logging.getLogger(__name__)

_POWER_FAULT = "power failure"
_READ_AT_ONCE = 500


class PowerSync:
    """Reads all power states that are a conductor's to read, and writes down what changed.

    A machine that somebody switched by hand is believed. A BMC that does not answer
    gets the fault ``power failure``, which goes away by itself when it answers again.
    """

    def __init__(
        self, nodes: NodeStore, registry: Registry, members: Members, clock: Clock, host: str
    ) -> None:
        """Sweep the nodes that `members` say are those of conductor `host`."""
        self._nodes = nodes
        self._registry = registry
        self._members = members
        self._clock = clock
        self._host = host
        #: What the last sweep read. To read a node, and to decrypt it, costs more than its BMC.
        self._known: dict[str, tuple[Node, PowerInterface]] = {}

    def sweep(self) -> int:
        """Read and reconcile every node that nothing else works on; how many were read."""
        begun = self._clock.monotonic()
        by_interface = self._machines()
        for power, some in by_interface.items():
            by_uuid = {node.uuid: node for node in some}
            try:
                # As they come: a BMC that keeps us waiting is not to hold up what others said.
                for uuid, answer in power.get_power_states(some):
                    if isinstance(answer, DriverError):
                        with METERS.unread.lock:
                            METERS.unread[answer.cause,] += 1
                    self._reconcile(by_uuid[uuid], answer)
            except Unavailable:
                raise
            except Exception:
                # One driver's defect is not to hide the machines of the others.
                LOG.exception("power sync of %d nodes by %s", len(some), type(power).__name__)
        count = sum(map(len, by_interface.values()))
        seconds = self._clock.monotonic() - begun
        METERS.sweep = Sweep(METERS.sweep.count + 1, count, seconds)
        LOG.info("power sync: %d nodes in %.2f s", count, seconds)
        return count

    def _machines(self) -> Mapping[PowerInterface, Sequence[Node]]:
        """All nodes to ask for, as they are now; only what has changed is read again."""
        versions = self._nodes.versions(
            of_shares(self._members.shares(self._host)),
            table.c.operation_uuid.is_(None),
            table.c.provision_state != states.ENROLL,
            table.c.maintenance.is_(False) | (table.c.fault == _POWER_FAULT),
        )
        known = {
            uuid: found
            for uuid, found in self._known.items()
            if versions.get(uuid) == found[0].version
        }
        unknown = [uuid for uuid in versions if uuid not in known]
        for begin in range(0, len(unknown), _READ_AT_ONCE):
            some = unknown[begin : begin + _READ_AT_ONCE]
            for node in self._nodes.find(table.c.uuid.in_(some)):
                try:
                    power = self._registry.driver(node).power
                except BaremetalError as error:
                    LOG.warning("node %s power sync: %s", node.uuid, error.message)
                    continue
                # What is to be kept of it; an instance may have brought much.
                known[node.uuid] = replace(node, instance_info={}), power
        self._known = known
        by_interface: dict[PowerInterface, list[Node]] = defaultdict(list)
        for node, power in known.values():
            by_interface[power].append(node)
        return by_interface

    def _reconcile(self, node: Node, answer: str | DriverError) -> None:
        row = self._nodes.row(node.uuid) if self._differs(node, answer) else None
        if row is None or row["operation_uuid"] is not None or row["version"] != node.version:
            return
        values: dict[str, object]
        failure = None
        if isinstance(answer, DriverError):
            failure = Failure(answer.message, MONITORING, self._host, cause=answer.cause)
            values = {"fault": _POWER_FAULT, "last_error": answer.message, "power_state": "error"}
            LOG.warning("node %s power sync: %s", node.uuid, answer.message)
        else:
            values = {"power_state": answer}
            if row["fault"] == _POWER_FAULT:
                values.update(fault=None, last_error=None)
            LOG.info("node %s power state %s, was %s", node.uuid, answer, node.power_state)
        try:
            self._nodes.update(row, values, (), self._clock.now(), failure)
        except ChangedMeanwhile:
            LOG.debug("node %s changed during the power sweep", node.uuid)

    @staticmethod
    def _differs(node: Node, answer: str | DriverError) -> bool:
        silent = isinstance(answer, DriverError)
        # What is done to a machine changes its power state as well, but not its fault.
        if silent != (node.fault == _POWER_FAULT):
            return True
        return not silent and node.power_state != answer
