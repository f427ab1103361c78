"""Power by Redfish."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any, Final

from sushy import PowerState, ResetType

from baremetal.clock import Clock
from baremetal.domain import autopsy, states
from baremetal.domain.errors import DriverError
from baremetal.domain.node import Node
from baremetal.drivers.interfaces import PowerInterface
from baremetal.drivers.redfish.access import PROPERTIES, Access, access_of
from baremetal.drivers.redfish.clients import RedfishError, system_of

#: What to ask for, one after the other; of each the first that the service allows.
_ACTIONS: Final[Mapping[str, Sequence[Sequence[ResetType]]]] = {
    states.POWER_ON: ((ResetType.ON, ResetType.FORCE_ON),),
    states.POWER_OFF: ((ResetType.FORCE_OFF,),),
    states.REBOOT: ((ResetType.FORCE_RESTART, ResetType.POWER_CYCLE),),
    states.SOFT_POWER_OFF: ((ResetType.GRACEFUL_SHUTDOWN,),),
    states.SOFT_REBOOT: (
        (ResetType.GRACEFUL_SHUTDOWN,),
        (ResetType.ON, ResetType.FORCE_ON),
    ),
}
_TO_OFF: Final = (ResetType.FORCE_OFF, ResetType.GRACEFUL_SHUTDOWN)
_REBOOTS: Final = (ResetType.FORCE_RESTART, ResetType.POWER_CYCLE)
_WORDS: Final = {
    PowerState.ON: states.POWER_ON,
    PowerState.POWERING_ON: states.POWER_ON,
    PowerState.OFF: states.POWER_OFF,
    PowerState.POWERING_OFF: states.POWER_OFF,
}
_TIMEOUT: Final = 60.0
#: How often a service is asked whether a power change has been reached, seconds.
_LOOK_SECONDS: Final = 0.5
#: So many services are asked at once by a sweep.
_SWEPT_AT_ONCE: Final = 32


class RedfishPower(PowerInterface):
    """The system's reset action and its PowerState (DMTF DSP0268, ComputerSystem)."""

    properties = PROPERTIES
    _clock = Clock()

    def get_power_state(self, node: Node) -> str:
        """What the service says; on its way to a state counts as there."""
        access = access_of(node)
        with system_of(access) as system:
            said = system.power_state
        if said not in _WORDS:
            raise RedfishError(
                f"The Redfish service at {access.address} says of node {node.title}'s power: "
                f"{said}.",
                cause=autopsy.BMC_GARBLED,
            )
        return _WORDS[said]

    def set_power_state(self, node: Node, target: str, timeout: float | None = None) -> str:
        """Ask the service, and look until it is so.

        What is so already is not asked for, which some services refuse.
        """
        access, seconds = access_of(node), timeout or _TIMEOUT
        for wishes in _ACTIONS[target]:
            goal = states.POWER_OFF if wishes[0] in _TO_OFF else states.POWER_ON
            if wishes[0] in _REBOOTS or self.get_power_state(node) != goal:
                _ask(access, wishes)
                self._await(node, goal, seconds)
        return states.POWER_TARGETS[target]

    def _await(self, node: Node, goal: str, seconds: float) -> None:
        deadline = self._clock.monotonic() + seconds
        while self._look(node, deadline) != goal:
            if self._clock.monotonic() > deadline:
                raise RedfishError(
                    f"Node {node.title} did not reach '{goal}' within {seconds:.0f} s. "
                    "Look at its console and BMC, or ask again with a longer timeout.",
                    cause=autopsy.TIMEOUT,
                )
            self._clock.sleep(_LOOK_SECONDS)

    def _look(self, node: Node, deadline: float) -> str | None:
        """Its power; None from a service that is silent for a while, as when it restarts."""
        try:
            return self.get_power_state(node)
        except RedfishError as error:
            silent = error.cause == autopsy.BMC_UNREACHABLE
            if not silent or self._clock.monotonic() >= deadline:
                raise
            return None

    def get_power_states(self, nodes: Sequence[Node]) -> Iterator[tuple[str, str | DriverError]]:
        """Ask many services at once; those that are silent hold up few others."""
        if not nodes:
            return
        with ThreadPoolExecutor(min(_SWEPT_AT_ONCE, len(nodes)), "redfish-sweep") as pool:
            for answer in as_completed(pool.submit(self._power_of, node) for node in nodes):
                yield answer.result()

    def _power_of(self, node: Node) -> tuple[str, str | DriverError]:
        return next(super().get_power_states([node]))

    def evidence(self, node: Node) -> Mapping[str, Any]:
        """How to ask the service by curl."""
        return {"try": [access_of(node).by_hand()]}


def _ask(access: Access, wishes: Sequence[ResetType]) -> None:
    with system_of(access) as system:
        allowed = system.get_allowed_reset_system_values()
        system.reset_system(next((wish for wish in wishes if wish in allowed), wishes[0]))
