"""The flows, and how a node comes to where each begins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from baremetal.domain import states

#: How a node is driven: by a third party's driver alone, or with an agent, or not at all.
STYLES = ("acme", "acme-agent", "fake")

_UP = ("manage", "provide", "active")


def _named(*names: str) -> list[dict[str, Any]]:
    return [{"interface": "deploy", "step": name, "args": {}} for name in names]


@dataclass(frozen=True)
class Life:
    """One operation: the verbs before it, the verb that starts it, the state that it leads to."""

    name: str
    before: tuple[str, ...]
    verb: str
    after: str
    more: Mapping[str, Any] = field(default_factory=dict)
    styles: tuple[str, ...] = STYLES

    @property
    def kind(self) -> str:
        """The kind of operation."""
        return "power" if self.verb in states.POWER_TARGETS else self.name.partition("-")[0]


_PASSWORD = {"rescue_password": "hunter2"}

LIVES = (
    Life("verify", (), "manage", states.MANAGEABLE),
    Life("inspect", ("manage",), "inspect", states.MANAGEABLE),
    Life("provide", ("manage",), "provide", states.AVAILABLE),
    Life(
        "clean", ("manage",), "clean", states.MANAGEABLE, {"clean_steps": _named("erase_devices")}
    ),
    Life(
        "clean-hold",
        ("manage",),
        "clean",
        states.MANAGEABLE,
        {"clean_steps": _named("erase_devices", "hold", "erase_devices")},
        ("acme", "fake"),
    ),
    Life("deploy", ("manage", "provide"), "active", states.ACTIVE),
    Life("rebuild", _UP, "rebuild", states.ACTIVE),
    Life("undeploy", _UP, "deleted", states.AVAILABLE),
    Life("adopt", ("manage",), "adopt", states.ACTIVE),
    Life("rescue", _UP, "rescue", states.RESCUE, _PASSWORD),
    Life("unrescue", (*_UP, "rescue"), "unrescue", states.ACTIVE),
    Life("service", _UP, "service", states.ACTIVE, {"service_steps": _named("erase_devices")}),
    Life("power-on", ("manage",), states.POWER_ON, states.MANAGEABLE),
    Life("power-reboot", _UP, states.REBOOT, states.ACTIVE),
)

#: What else a verb needs, when it only leads to where a life begins.
MORE: Mapping[str, Mapping[str, Any]] = {"rescue": _PASSWORD}
