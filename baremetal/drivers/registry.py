"""Finds hardware types and interfaces among the installed entry points."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import stevedore
from stevedore.exception import NoMatches

from baremetal.domain.catalog import HardwareInfo
from baremetal.domain.errors import InvalidInput, NotSupported
from baremetal.domain.figures import Figure
from baremetal.domain.node import Node
from baremetal.domain.properties import Property
from baremetal.drivers.hardware.base import HardwareType
from baremetal.drivers.interfaces import (
    BootInterface,
    BootPlace,
    ConsoleInterface,
    DeployInterface,
    InspectInterface,
    Interface,
    ManagementInterface,
    PowerInterface,
    RescueInterface,
)

LOG = logging.getLogger(__name__)

#: Kinds that have code behind them; of the others only the names are known.
CONTRACTS: dict[str, type[Interface]] = {
    "boot": BootInterface,
    "console": ConsoleInterface,
    "deploy": DeployInterface,
    "inspect": InspectInterface,
    "management": ManagementInterface,
    "power": PowerInterface,
    "rescue": RescueInterface,
}


class Missing:
    """Stands where a node has no interface: whatever is asked of it is not supported."""

    capabilities: frozenset[str] = frozenset()
    properties: tuple[Property, ...] = ()

    def __init__(self, driver: str, kind: str) -> None:
        """Refuse in the name of `driver`."""
        self._driver = driver
        self._kind = kind

    def __getattr__(self, name: str) -> Any:
        """Nothing.

        :raises NotSupported: always.
        """
        raise NotSupported(f"Driver {self._driver} does not support {self._kind} for this node.")


@dataclass(frozen=True, slots=True)
class Driver:
    """A node's hardware type with the interfaces that were chosen for it.

    Where it has none of a kind, what stands there raises `NotSupported` on any call.
    """

    name: str
    parts: dict[str, Interface | None]
    power: PowerInterface
    management: ManagementInterface
    boot: BootInterface
    deploy: DeployInterface
    inspect: InspectInterface
    rescue: RescueInterface
    console: ConsoleInterface


class Registry:
    """The enabled hardware types; interfaces are loaded when a node first needs them."""

    def __init__(self, enabled: Sequence[str], place: BootPlace | None = None) -> None:
        """Find `enabled` hardware types; what boots machines may use `place`.

        :raises InvalidInput: one of them is not installed.
        """
        self._types: dict[str, type[HardwareType]] = {
            name: _load("baremetal.hardware", name) for name in enabled
        }
        self._loaded: dict[tuple[str, str], Interface | None] = {}
        self._drivers: dict[tuple[str, tuple[tuple[str, str], ...]], Driver] = {}
        self._lock = threading.Lock()
        self._place = place

    @property
    def names(self) -> tuple[str, ...]:
        """The enabled hardware types."""
        return tuple(self._types)

    def info(self, name: str) -> HardwareInfo:
        """The hardware type as data, for the API."""
        supported = self._types[name].supported()
        properties = {
            (kind, choice): interface.properties
            for kind, choices in supported.items()
            for choice in choices
            if (interface := self._interface(kind, choice)) is not None
        }
        return HardwareInfo(name, supported, properties)

    def driver(self, node: Node) -> Driver:
        """The node's hardware type and interfaces, composed.

        :raises InvalidInput: its driver is not enabled on this conductor.
        """
        key = (node.driver, tuple(sorted(node.interfaces.items())))
        with self._lock:
            if key not in self._drivers:
                self._drivers[key] = self._compose(node)
            return self._drivers[key]

    def figures(self) -> list[Figure]:
        """What the interfaces that are in use have counted."""
        loaded = [interface for interface in list(self._loaded.values()) if interface is not None]
        return [figure for interface in loaded for figure in interface.figures()]

    def _compose(self, node: Node) -> Driver:
        if node.driver not in self._types:
            raise InvalidInput(
                f"Driver {node.driver} of node {node.title} is not enabled on this conductor. "
                f"Enabled: {', '.join(self._types)}."
            )
        supported = self._types[node.driver].supported()
        parts: dict[str, Interface | None] = {}
        for kind in CONTRACTS:
            choice = node.interfaces.get(kind) or next(iter(supported[kind]), None)
            parts[kind] = self._interface(kind, choice) if choice else None
        there: dict[str, Any] = {
            kind: part or Missing(node.driver, kind) for kind, part in parts.items()
        }
        return Driver(node.driver, parts, **there)

    def _interface(self, kind: str, name: str) -> Interface | None:
        """One shared instance per implementation; None for ``no-...`` and ``noop``."""
        if name.startswith("no-") or name == "noop" or kind not in CONTRACTS:
            return None
        key = (kind, name)
        if key not in self._loaded:
            interface = _load(f"baremetal.{kind}", name)()
            if isinstance(interface, BootInterface) and self._place is not None:
                interface.place = self._place
            self._loaded[key] = interface
        return self._loaded[key]


def _load(namespace: str, name: str) -> Any:
    try:
        return stevedore.DriverManager(namespace, name).driver
    except NoMatches as error:
        raise InvalidInput(
            f"No '{name}' is installed in the entry points {namespace}. "
            "Install the distribution that has it, or take it out of the configuration."
        ) from error
