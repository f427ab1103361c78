"""A fleet: machines, their BMCs on the wire, and one connection to the API."""

import asyncio
import contextlib
import gc
import logging
import resource
import signal
from collections.abc import Callable, Iterable

from baremetal.simulator.agent import AgentTiming
from baremetal.simulator.api import HttpApi
from baremetal.simulator.bmc.endpoint import BmcEndpoint
from baremetal.simulator.bmc.handshake import Account
from baremetal.simulator.bmc.server import Bmc, BmcSettings
from baremetal.simulator.description import MachineDescription
from baremetal.simulator.faults import NO_BMC_FAULTS
from baremetal.simulator.fleet_file import check_distinct
from baremetal.simulator.machine import Machine, Surroundings
from baremetal.simulator.pace import Pace

LOG = logging.getLogger(__name__)

_SWEEP_SECONDS = 10.0
_SPARE_FILES = 128
_OTHER_PASSWORD = b"not the enrolled one"


class FleetError(Exception):
    """The fleet cannot run on this host; the message says what is in the way."""


class Fleet:
    """Machines that run on the current event loop, between ``start`` and ``stop``.

    :ivar machines: by name.
    """

    def __init__(
        self,
        descriptions: Iterable[MachineDescription],
        api_url: str,
        time_scale: float = 1.0,
        timing: AgentTiming = AgentTiming(),  # noqa: B008 frozen
    ) -> None:
        listed = list(descriptions)
        check_distinct(listed, "fleet")
        self._api = HttpApi(api_url)
        around = Surroundings(self._api, Pace(time_scale), timing)
        self.machines = {description.name: Machine(description, around) for description in listed}
        self._bmcs: list[Bmc] = []
        self._endpoints: list[BmcEndpoint] = []
        self._sweeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Let every BMC listen; machines are off until somebody powers them on.

        :raises FleetError: a BMC cannot listen, or the process may not open so many sockets.
        """
        _allow_files(len(self.machines) + _SPARE_FILES)
        try:
            for machine in self.machines.values():
                self._listen(machine)
        except FleetError:
            await self.stop()
            raise
        self._api.open()
        self._sweeper = asyncio.create_task(self._sweep())

    async def stop(self) -> None:
        """Close every BMC, end every machine, and drop the connections to the API."""
        for endpoint in self._endpoints:
            endpoint.close()
        if self._sweeper:
            self._sweeper.cancel()
        await asyncio.gather(*(machine.stop() for machine in self.machines.values()))
        await self._api.close()
        self._endpoints.clear()
        self._bmcs.clear()

    def _listen(self, machine: Machine) -> None:
        description = machine.description
        access, faults = description.bmc, description.bmc_faults
        password = _OTHER_PASSWORD if faults.wrong_password else access.password.encode()
        settings = BmcSettings(
            Account(access.username.encode(), password),
            access.address,
            access.max_sessions,
            refuse_sessions=faults.refuse_sessions,
            port=access.port,
        )
        bmc = Bmc(machine, settings, asyncio.get_running_loop().time)
        endpoint = BmcEndpoint(bmc, access.address, access.port)
        if faults is not NO_BMC_FAULTS:
            endpoint.break_wire(faults, description.seed)
        try:
            endpoint.open()
        except OSError as error:
            where = f"{access.address}:{access.port}"
            raise FleetError(
                f"the BMC of {description.name} cannot listen on {where}: {error.strerror}"
            ) from error
        self._bmcs.append(bmc)
        self._endpoints.append(endpoint)

    async def _sweep(self) -> None:
        """Free the memory of sessions that were left open, one round each ten seconds."""
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            for bmc in self._bmcs:
                bmc.sessions.expire()


def run_fleet(
    descriptions: Iterable[MachineDescription],
    api_url: str,
    time_scale: float = 1.0,
    on_ready: Callable[[Fleet], None] = lambda _fleet: None,
) -> None:
    """Run a fleet until SIGTERM or SIGINT; ``on_ready`` is called once every BMC listens.

    :raises FleetError: the fleet cannot run on this host.
    """
    asyncio.run(run_until_told(Fleet(descriptions, api_url, time_scale), on_ready))


async def run_until_told(
    fleet: Fleet, on_ready: Callable[[Fleet], None], ended_by: int | None = None
) -> None:
    """Run a fleet until SIGTERM, SIGINT, or the end of the file ``ended_by``.

    :raises FleetError: the fleet cannot run on this host.
    """
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    if ended_by is not None:
        loop.add_reader(ended_by, ended.set)
    await fleet.start()
    # The fleet stays; the collector need not walk thousands of machines again and again.
    gc.collect()
    gc.freeze()
    try:
        on_ready(fleet)
        await ended.wait()
    finally:
        if ended_by is not None:
            loop.remove_reader(ended_by)
        LOG.info("the fleet of %d machines stops", len(fleet.machines))
        await fleet.stop()


def _allow_files(count: int) -> None:
    """Raise the process's own limit of open files as far as needed.

    :raises FleetError: the host's limit is lower.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= count:
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < count:
        raise FleetError(
            f"{count} open files are needed and {hard} allowed; "
            f"raise the limit (ulimit -n {count}) or run fewer machines per process"
        )
