"""Power by IPMI."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from baremetal.clock import Clock
from baremetal.domain import states
from baremetal.domain.errors import DriverError, InvalidInput
from baremetal.domain.node import Node
from baremetal.drivers.bmc.address import BmcAddress
from baremetal.drivers.bmc.chassis import Power, PowerAction, get_power, set_power
from baremetal.drivers.bmc.errors import BmcError
from baremetal.drivers.interfaces import PowerInterface
from baremetal.drivers.ipmi import BUS, PROPERTIES, address_of

_ACTIONS: Mapping[str, tuple[PowerAction, ...]] = {
    states.POWER_ON: (PowerAction.ON,),
    states.POWER_OFF: (PowerAction.OFF,),
    states.REBOOT: (PowerAction.CYCLE,),
    states.SOFT_POWER_OFF: (PowerAction.SOFT,),
    states.SOFT_REBOOT: (PowerAction.SOFT, PowerAction.ON),
}

#: How often a BMC is asked whether a power change has been reached, seconds.
_LOOK_SECONDS = 0.25
_TIMEOUT = 60.0


class IpmiPower(PowerInterface):
    """Chassis control and status (IPMI 2.0, 28.2 and 28.3)."""

    properties = PROPERTIES
    _clock = Clock()

    def get_power_state(self, node: Node) -> str:
        """What the BMC says."""
        return _WORDS[get_power(BUS, address_of(node))]

    def set_power_state(self, node: Node, target: str, timeout: float | None = None) -> str:
        """Ask the BMC, and look until it is so."""
        seconds = timeout or _TIMEOUT
        for action in _ACTIONS[target]:
            goal = states.POWER_OFF if action in _TO_OFF else states.POWER_ON
            set_power(BUS, address_of(node), action)
            self._await(node, goal, seconds)
        return states.POWER_TARGETS[target]

    def _await(self, node: Node, goal: str, seconds: float) -> None:
        deadline = self._clock.monotonic() + seconds
        while self.get_power_state(node) != goal:
            if self._clock.monotonic() > deadline:
                raise DriverError(
                    f"Node {node.title} did not reach '{goal}' within {seconds:.0f} s. "
                    "Look at its console and BMC, or ask again with a longer timeout."
                )
            self._clock.sleep(_LOOK_SECONDS)

    def get_power_states(self, nodes: Sequence[Node]) -> Iterator[tuple[str, str | DriverError]]:
        """Ask all BMCs at once."""
        # Nodes of one chassis may share a BMC.
        asked: dict[BmcAddress, list[str]] = defaultdict(list)
        for node in nodes:
            try:
                asked[address_of(node)].append(node.uuid)
            except InvalidInput as error:
                yield node.uuid, DriverError(error.message)
        for bmc, answer in BUS.readings(asked):
            state = answer if isinstance(answer, BmcError) else _WORDS[answer.power]
            for uuid in asked[bmc]:
                yield uuid, state


_WORDS = {Power.ON: states.POWER_ON, Power.OFF: states.POWER_OFF}
_TO_OFF = (PowerAction.OFF, PowerAction.SOFT)
