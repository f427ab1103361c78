"""What a flow's step has at hand: the node, its driver, and the settings that matter."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from baremetal.db.autopsies import reports
from baremetal.db.nodes import NodeStore
from baremetal.db.operations import OperationStore
from baremetal.db.types import moment
from baremetal.domain.autopsy import secret_texts
from baremetal.domain.errors import BaremetalError
from baremetal.drivers.registry import Driver
from baremetal.engine.flow import Task

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
