"""What a flow's step has at hand: the node, its driver, and the settings that matter."""

from dataclasses import dataclass
from typing import Any

from baremetal.db.nodes import NodeStore
from baremetal.db.operations import OperationStore
from baremetal.drivers.registry import Driver
from baremetal.engine.flow import Task


@dataclass(frozen=True, slots=True)
class Settings:
    """What an administrator set for all flows; seconds where not said otherwise."""

    automated_clean: bool = True
    power_timeout: float = 60.0
    agent_boot_timeout: float = 1800.0
    agent_report_interval: float = 5.0
    agent_silence_timeout: float = 300.0


@dataclass(slots=True, kw_only=True)
class NodeTask(Task):
    """One run of an operation on a node."""

    driver: Driver
    settings: Settings
    nodes: NodeStore
    operations: OperationStore

    def set_power(self, target: str, timeout: float | None = None) -> None:
        """Bring the machine to a power state, and note it."""
        seconds = timeout or self.settings.power_timeout
        state = self.driver.power.set_power_state(self.node, target, seconds)
        self.changes.update(power_state=state)

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
