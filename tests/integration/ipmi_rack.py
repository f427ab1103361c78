"""Simulated BMCs for synchronous tests: a fleet on an event loop in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from baremetal.drivers.bmc.address import BmcAddress
from baremetal.simulator.faults import NO_AGENT_FAULTS, BmcFaults
from baremetal.simulator.fleet import Fleet
from baremetal.simulator.generated_fleet import FaultShare, FleetSeed, generate
from devstack.ports import free_udp_ports

NO_API = "http://127.0.0.1:9/baremetal"

T = TypeVar("T")


class Rack:
    """A fleet of simulated machines on an event loop of its own."""

    def __init__(
        self,
        count: int,
        faults: BmcFaults | dict[BmcFaults, float],
        host: str,
        api: str = NO_API,
    ) -> None:
        shares = faults if isinstance(faults, dict) else {faults: 1.0}
        kinds = tuple(FaultShare(share, fault, NO_AGENT_FAULTS) for fault, share in shares.items())
        port = free_udp_ports(count, host)
        seed = FleetSeed(count, seed=5, bmc_address=host, bmc_port=port, faults=kinds)
        self.machines = generate(seed)
        self.fleet = Fleet(self.machines, api, time_scale=0.0)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.fleet.start(), self._loop).result(30)

    def bmcs(self, faults: BmcFaults | None = None) -> list[BmcAddress]:
        """How to reach all BMCs, or those that have these faults."""
        return [
            BmcAddress(m.bmc.address, m.bmc.port, m.bmc.username, m.bmc.password)
            for m in self.machines
            if faults in (None, m.bmc_faults)
        ]

    def active_sessions(self) -> int:
        """How many sessions are open on all BMCs together."""
        return self.call(lambda: sum(bmc.sessions.active() for bmc in self.fleet._bmcs))

    def restart_bmcs(self) -> None:
        """Make every BMC forget its sessions."""

        def forget() -> None:
            for bmc in self.fleet._bmcs:
                bmc.sessions.clear()

        self.call(forget)

    def call(self, function: Callable[[], T]) -> T:
        """What a function says, called where the fleet lives."""

        async def called() -> T:
            return function()

        return asyncio.run_coroutine_threadsafe(called(), self._loop).result(10)

    def stop(self) -> None:
        """End it all."""
        asyncio.run_coroutine_threadsafe(self.fleet.stop(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
