"""Power by IPMI."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from baremetal.clock import Clock
from baremetal.domain import states
from baremetal.domain.errors import DriverError, InvalidInput
from baremetal.domain.figures import Figure
from baremetal.domain.node import Node
from baremetal.drivers.bmc.address import BmcAddress
from baremetal.drivers.bmc.chassis import Power, PowerAction, get_power, set_power
from baremetal.drivers.bmc.errors import BmcError, BmcNoAnswer
from baremetal.drivers.interfaces import PowerInterface
from baremetal.drivers.ipmi import BUS, PROPERTIES, address_of, by_hand

T = TypeVar("T")

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
#: When to ask again for what does not happen, seconds.
_AGAIN_SECONDS = 10.0
#: How long a sweep may take: so long, and a second more for so many BMCs.
_SWEEP_SECONDS = 8.0
_SWEPT_IN_A_SECOND = 500
#: What is shown of `BusStats`.
_GAUGES = {
    "sessions_open": "IPMI sessions that are open.",
    "requests_waiting": "IPMI commands that wait for their turn.",
    "backing_off": "BMCs that are left in peace for a while, since they failed.",
}
_COUNTERS = {
    "commands": "IPMI commands, as asked for.",
    "resends": "IPMI packets that were sent again.",
    "logins": "IPMI logins that succeeded.",
    "login_failures": "IPMI logins that failed.",
    "sessions_lost": "IPMI sessions that ended unasked.",
}


class IpmiPower(PowerInterface):
    """Chassis control and status (IPMI 2.0, 28.2 and 28.3)."""

    properties = PROPERTIES
    _clock = Clock()

    def get_power_state(self, node: Node) -> str:
        """What the BMC says."""
        return _WORDS[get_power(BUS, address_of(node))]

    def set_power_state(self, node: Node, target: str, timeout: float | None = None) -> str:
        """Ask the BMC, and look until it is so.

        A BMC that is silent for a while, as when it restarts, is asked again until time is up;
        but a reboot is not asked for twice.
        """
        seconds = timeout or _TIMEOUT
        for action in _ACTIONS[target]:
            goal = states.POWER_OFF if action in _TO_OFF else states.POWER_ON
            deadline = self._clock.monotonic() + seconds
            change = partial(set_power, BUS, address_of(node), action)
            again = partial(self._insist, change, deadline) if action in _REPEATABLE else None
            (again or change)()
            self._await(node, goal, deadline, seconds, again)
        return states.POWER_TARGETS[target]

    def _insist(self, ask: Callable[[], T], deadline: float) -> T:
        """What the BMC answers.

        :raises DriverError: it refuses, or is silent at the deadline.
        """
        while True:
            try:
                return ask()
            except BmcNoAnswer:
                if self._clock.monotonic() >= deadline:
                    raise
                self._clock.sleep(_LOOK_SECONDS)

    def _await(
        self,
        node: Node,
        goal: str,
        deadline: float,
        seconds: float,
        again: Callable[[], object] | None,
    ) -> None:
        asked = self._clock.monotonic()
        while self._insist(partial(self.get_power_state, node), deadline) != goal:
            if self._clock.monotonic() > deadline:
                raise DriverError(
                    f"Node {node.title} did not reach '{goal}' within {seconds:.0f} s. "
                    "Look at its console and BMC, or ask again with a longer timeout.",
                    cause="timeout",
                )
            if again is not None and self._clock.monotonic() - asked > _AGAIN_SECONDS:
                # It may have been lost, or undone by a conductor that slept until now.
                again()
                asked = self._clock.monotonic()
            self._clock.sleep(_LOOK_SECONDS)

    def evidence(self, node: Node) -> Mapping[str, Any]:
        """The last exchanges with the BMC, and how to ask it by ipmitool."""
        bmc = address_of(node)
        return {"bmc": BUS.recent(bmc), "try": [by_hand(bmc, "chassis", "status")]}

    def figures(self) -> Iterable[Figure]:
        """Of the one bus over which all IPMI goes."""
        stats = BUS.stats()
        for name, about in _GAUGES.items():
            yield Figure(f"bmc_{name}", about, getattr(stats, name))
        for name, about in _COUNTERS.items():
            yield Figure(f"bmc_{name}", about, getattr(stats, name), counter=True)
        about = "IPMI commands that failed, by cause."
        for cause in sorted({error.cause for error in BmcError.__subclasses__()}):
            count = stats.failures.get(cause, 0)
            yield Figure("bmc_failures", about, count, {"cause": cause}, counter=True)

    def get_power_states(self, nodes: Sequence[Node]) -> Iterator[tuple[str, str | DriverError]]:
        """Ask all BMCs at once."""
        # Nodes of one chassis may share a BMC.
        asked: dict[BmcAddress, list[str]] = defaultdict(list)
        for node in nodes:
            try:
                asked[address_of(node)].append(node.uuid)
            except InvalidInput as error:
                yield node.uuid, DriverError(error.message)
        patience = _SWEEP_SECONDS + len(asked) / _SWEPT_IN_A_SECOND
        for bmc, answer in BUS.readings(asked, patience):
            if isinstance(answer, BmcNoAnswer) and answer.unasked:
                # Too many others before it: that tells nothing of this one.
                continue
            state = answer if isinstance(answer, BmcError) else _WORDS[answer.power]
            for uuid in asked[bmc]:
                yield uuid, state


_WORDS = {Power.ON: states.POWER_ON, Power.OFF: states.POWER_OFF}
_TO_OFF = (PowerAction.OFF, PowerAction.SOFT)
_REPEATABLE = (PowerAction.OFF, PowerAction.ON)
