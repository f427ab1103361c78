"""What a flow's step has at hand: the node, its driver, and the settings that matter."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from baremetal.db.autopsies import reports
from baremetal.db.nodes import NodeStore
from baremetal.db.operations import NodeChange, OperationStore
from baremetal.db.types import moment
from baremetal.domain.autopsy import secret_texts
from baremetal.domain.errors import BaremetalError
from baremetal.domain.node import Node
from baremetal.drivers.registry import Driver
from baremetal.engine.flow import Work

#: What is shown of an agent's last report; its results may be long.
_LAST_WORD = ("status", "step", "error", "message")


@dataclass(frozen=True, slots=True)
class Settings:
    """What an administrator set for all flows; seconds where not said otherwise."""

    automated_clean: bool = True
    power_timeout: float = 60.0
    agent_boot_timeout: float = 1800.0
    agent_report_interval: float = 5.0
    agent_silence_timeout: float = 300.0


@dataclass(slots=True, kw_only=True)
class Task(Work):
    """Work on a node; its `changes` are columns of it."""

    node: Node
    _provision_state: str = field(init=False)
    _power_state: str | None = field(init=False)

    def __post_init__(self) -> None:
        """Know the states before all changes."""
        self._provision_state = self.node.provision_state
        self._power_state = self.node.power_state

    @property
    def title(self) -> str:
        """Its name, else its uuid."""
        return self.node.title

    @property
    def state(self) -> str:
        """The provision state."""
        return self._provision_state

    def change(self, values: Mapping[str, Any]) -> NodeChange:
        """With the states before it."""
        node = self.node
        change = NodeChange(node.uuid, values, node.name, self._provision_state, self._power_state)
        self._provision_state = values.get("provision_state", self._provision_state)
        self._power_state = values.get("power_state", self._power_state)
        return change

    def evidence(self) -> dict[str, Any]:
        """What is known of the machine at this moment, for an autopsy: ``bmc``, ``agent``, ``try``.

        The last are commands by which a person may look for themselves.
        """
        return {}

    def secrets(self) -> set[str]:
        """What must not stand in an autopsy."""
        return secret_texts(self.node.driver_info) | secret_texts(self.node.instance_info)


@dataclass(slots=True, kw_only=True)
class NodeTask(Task):
    """The same, with what its flow needs to reach the machine."""

    driver: Driver
    settings: Settings
    nodes: NodeStore
    operations: OperationStore

    def set_power(self, target: str, timeout: float | None = None) -> None:
        """Bring the machine to a power state, and note it."""
        seconds = timeout or self.settings.power_timeout
        state = self.driver.power.set_power_state(self.node, target, seconds)
        self.changes.update(power_state=state)

    def evidence(self) -> dict[str, Any]:
        """What the drivers remember of the machine, and what its agent said last."""
        found: dict[str, Any] = {}
        agent = self._of_agent()
        if agent:
            found["agent"] = agent
        for part in self.driver.parts.values():
            with suppress(BaremetalError):  # where fields are missing there is nobody to remember
                found.update(part.evidence(self.node) if part is not None else {})
        return found

    def secrets(self) -> set[str]:
        """What the node's fields are named, and what its drivers declare to be secret."""
        parts = (part for part in self.driver.parts.values() if part is not None)
        named = {prop.name for part in parts for prop in part.properties if prop.secret}
        node = self.node
        return secret_texts(node.driver_info, named) | secret_texts(node.instance_info)

    def _of_agent(self) -> dict[str, Any]:
        """Empty where the operation has never waited for an agent."""
        operation = self.operation
        if not any(step["name"].startswith("agent_") for step in operation.steps):
            return {}
        heard = self.nodes.row(self.node.uuid)["last_heartbeat_at"]
        if heard is not None and heard < (operation.started_at or ""):
            heard = None  # by another operation's agent
        word = operation.signal or {}
        return {
            "percent": operation.percent,
            "message": operation.message,
            "heard_at": heard,
            "heard_seconds_ago": heard
            and round((self.clock.now() - moment(heard)).total_seconds()),
            "reports": reports(self.nodes.db, operation),
            "last_word": {name: word[name] for name in _LAST_WORD if word.get(name)} or None,
        }

    @property
    def automated_clean(self) -> bool:
        """Whether the node is cleaned between two users: its own word, else the settings'."""
        own = self.node.automated_clean
        return self.settings.automated_clean if own is None else own

    def keep_plan(self, plan: dict[str, Any]) -> None:
        """Keep the plan in the operation; sealed, since it may hold passwords."""
        self.scratch["plan"] = plan["uuid"]
        self.scratch["sealed_plan"] = self.nodes.vault.seal(plan)

    def drop_plan(self) -> None:
        """Forget the plan, which is done: it is handed out no more."""
        self.scratch.pop("plan", None)
        self.scratch.pop("sealed_plan", None)

    def plan_data(self) -> dict[str, Any] | None:
        """The plan that was kept."""
        sealed = self.scratch.get("sealed_plan")
        return self.nodes.vault.unseal(sealed) if sealed else None
