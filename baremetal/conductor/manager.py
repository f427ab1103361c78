"""The conductor's RPC endpoint: the doorbell, and questions for hardware. Thin on purpose."""

import logging
from collections.abc import Callable
from typing import Any

import oslo_messaging

from baremetal.db.nodes import NodeStore
from baremetal.domain.errors import BaremetalError, DriverError
from baremetal.domain.node import Node
from baremetal.drivers.registry import CONTRACTS, Driver, Registry
from baremetal.engine.worker import Worker
from baremetal.rpc.conductor import VERSION
from baremetal.rpc.transport import answered, refused

LOG = logging.getLogger(__name__)

#: Kinds of interface whose validation also looks at the instance.
_WITH_INSTANCE = "deploy"


class ConductorEndpoint:
    """What `rpc.conductor.ConductorClient` reaches."""

    target = oslo_messaging.Target(version=VERSION)

    def __init__(self, group: str, worker: Worker, nodes: NodeStore, registry: Registry) -> None:
        """Answer for the conductor whose `worker` runs operations of `group`."""
        self._group = group
        self._worker = worker
        self._nodes = nodes
        self._registry = registry

    def ring(self, _context: Any, group: str) -> None:
        """Wake the worker."""
        if group == self._group:
            self._worker.ring()

    def load(self, _context: Any) -> Any:
        """How busy the worker is."""
        return answered(self._worker.load())

    def validate(self, _context: Any, node: str) -> Any:
        """Each interface's own judgement of the node."""
        return self._asked(node, _judge)

    def supported_boot_devices(self, _context: Any, node: str) -> Any:
        """The boot devices that the driver knows."""
        return self._asked(node, lambda n, d: list(d.management.supported_boot_devices(n)))

    def get_boot_device(self, _context: Any, node: str) -> Any:
        """What the machine boots from."""

        def look(node: Node, driver: Driver) -> dict[str, Any]:
            found = driver.management.get_boot_device(node)
            return {"boot_device": found.device, "persistent": found.persistent}

        return self._asked(node, look)

    def set_boot_device(self, _context: Any, node: str, device: str, persistent: bool) -> Any:  # noqa: FBT001 - a wire contract
        """Change what the machine boots from."""
        return self._asked(
            node, lambda n, d: d.management.set_boot_device(n, device, persistent=persistent)
        )

    def get_sensors(self, _context: Any, node: str) -> Any:
        """Sensor readings."""
        return self._asked(node, lambda n, d: dict(d.management.get_sensors(n)))

    def inject_nmi(self, _context: Any, node: str) -> Any:
        """Send a non-maskable interrupt."""
        return self._asked(node, lambda n, d: d.management.inject_nmi(n))

    def _asked(self, ident: str, question: Callable[[Node, Driver], Any]) -> Any:
        try:
            node = self._nodes.get(ident)
            return answered(question(node, self._registry.driver(node)))
        except BaremetalError as error:
            return refused(error)
        except Exception as error:
            LOG.exception("node %s", ident)
            return refused(
                DriverError(f"The driver of node {ident} failed with {type(error).__name__}.")
            )


def _judge(node: Node, driver: Driver) -> dict[str, Any]:
    verdict: dict[str, Any] = {}
    for kind in CONTRACTS:
        part = driver.parts.get(kind)
        if part is None:
            verdict[kind] = {
                "result": None,
                "reason": f"not supported: node {node.title} has no {kind} interface",
            }
            continue
        try:
            part.validate(node)
            if kind == _WITH_INSTANCE:
                driver.deploy.validate_instance(node)
        except BaremetalError as error:
            verdict[kind] = {"result": False, "reason": error.message}
        else:
            verdict[kind] = {"result": True}
    for kind in ("bios", "firmware", "network", "raid", "storage"):
        verdict[kind] = {"result": True}
    return verdict
