"""One simulated machine: power, boot, disks, and the agent that a network boot starts."""

import asyncio
import enum
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

from baremetal.simulator.agent import Agent, AgentTiming
from baremetal.simulator.api import AgentApi
from baremetal.simulator.bmc.boot_options import BootDevice, BootOptions
from baremetal.simulator.bmc.chassis import Identity, PowerAction, WrongState
from baremetal.simulator.description import MachineDescription
from baremetal.simulator.disk import Disk
from baremetal.simulator.media import RememberedMedia
from baremetal.simulator.pace import Pace
from baremetal.simulator.ramdisk import Ramdisk

LOG = logging.getLogger(__name__)

_NEEDS_POWER = (PowerAction.CYCLE, PowerAction.RESET, PowerAction.DIAGNOSTIC)
_NETWORK = "pxe"
_DISK = "disk"
_MEDIA = "cdrom"


class Running(enum.Enum):
    """What has the machine's processor at the moment."""

    NOTHING = "nothing"
    FIRMWARE = "firmware"
    RAMDISK = "ramdisk"
    OPERATING_SYSTEM = "operating system"


class Surroundings(NamedTuple):
    """What machines share: the API that agents call, and time.

    :ivar now: seconds that never go back, for what the BMC measures.
    """

    api: AgentApi
    pace: Pace
    timing: AgentTiming = AgentTiming()
    now: Callable[[], float] = time.monotonic


class Machine:
    """A machine behind its BMC: it is the BMC's chassis (baremetal.simulator.bmc.chassis).

    :ivar running: what runs on it now.
    :ivar boots: how often it was started.
    :ivar network_boots: how many of these were into the ramdisk, from network or virtual media.
    :ivar diagnostic_interrupts: how many were pulsed.
    """

    __slots__ = (
        "_activity",
        "_around",
        "_power_change",
        "boot_mode",
        "boot_options",
        "boots",
        "description",
        "diagnostic_interrupts",
        "disks",
        "identity",
        "media",
        "network_boots",
        "powered_on",
        "running",
    )

    def __init__(self, description: MachineDescription, around: Surroundings) -> None:
        self.description = description
        self.powered_on = False
        self.running = Running.NOTHING
        self.boot_mode = description.hardware.boot_mode
        self.boot_options = BootOptions(around.now)
        self.media = RememberedMedia()
        self.boots = self.network_boots = self.diagnostic_interrupts = 0
        self.disks = tuple(
            Disk(model, f"{description.serial}{position:02d}")
            for position, model in enumerate(description.hardware.disks)
        )
        self.identity = Identity(
            description.system_uuid.bytes_le,
            description.hardware.manufacturer,
            description.hardware.product,
            description.serial,
            description.macs[0],
        )
        self._around = around
        self._activity: asyncio.Task[None] | None = None
        self._power_change: asyncio.Task[None] | None = None

    @property
    def serial(self) -> None:
        """There is no serial line to a machine that is made up."""

    def control(self, action: PowerAction) -> None:
        """Begin the action; needs a running event loop.

        :raises WrongState: the machine is off and the action needs it on.
        """
        if action in _NEEDS_POWER and not self.powered_on:
            raise WrongState
        LOG.debug("%s: power action %s", self.description.name, action.name)
        match action:
            case PowerAction.OFF:
                self._drop_power()
            case PowerAction.ON:
                if not self.powered_on:
                    self._boot()
            case PowerAction.RESET:
                self._boot()
            case PowerAction.CYCLE:
                self._drop_power()
                self._power_change = self._begin(self._return_power())
            case PowerAction.SOFT_OFF:
                self._ask_to_shut_down()
            case PowerAction.DIAGNOSTIC:
                self.diagnostic_interrupts += 1

    async def stop(self) -> None:
        """End everything that runs, as when the whole simulation ends."""
        tasks = [task for task in (self._activity, self._power_change) if task]
        self._drop_power()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _drop_power(self) -> None:
        self._halt()
        self.powered_on = False
        self.running = Running.NOTHING

    def _halt(self) -> None:
        for task in (self._activity, self._power_change):
            # A power change ends by calling this; it need not be cancelled.
            if task and not _is_current(task):
                task.cancel()
        self._activity = self._power_change = None

    def _boot(self) -> None:
        """Start, or start again, from the device that the boot options or the firmware name."""
        self._halt()
        self.powered_on = True
        self.running = Running.FIRMWARE
        self.boots += 1
        hardware = self.description.hardware
        device, uefi = self.boot_options.take()
        self.boot_mode = hardware.boot_mode if uefi is None else ("uefi" if uefi else "bios")
        choices: dict[int, str] = {
            BootDevice.DEFAULT: hardware.default_boot,
            BootDevice.PXE: _NETWORK,
            BootDevice.DISK: _DISK,
            BootDevice.DISK_SAFE_MODE: _DISK,
            BootDevice.CDROM: _MEDIA,
        }
        # Anything else has no medium in it, or waits for a person.
        source = choices.get(device)
        if source == _NETWORK or (source == _MEDIA and self.media.image):
            self.network_boots += 1
            self._activity = self._begin(self._run_ramdisk())
        elif source == _DISK:
            self._activity = self._begin(self._run_operating_system())

    async def _run_ramdisk(self) -> None:
        faults = self.description.agent_faults.on_boot(self.network_boots, self.description.seed)
        if faults.never_boots:
            return
        await self._around.pace.wait(self.description.hardware.boot_seconds + faults.slow_boot)
        self.running = Running.RAMDISK
        ramdisk = Ramdisk(self.description, self.disks, self.boot_mode, self._around.pace)
        agent = Agent(self.description, ramdisk, self._around.api, faults, self._around.timing)
        await agent.run()

    async def _run_operating_system(self) -> None:
        if any(disk.bootable for disk in self.disks):
            await self._around.pace.wait(self.description.hardware.boot_seconds)
            self.running = Running.OPERATING_SYSTEM

    def _ask_to_shut_down(self) -> None:
        """Press the power button: software shuts down in its time, firmware at once."""
        if not self.powered_on or self.description.bmc_faults.ignores_soft_off:
            return
        if self.running in (Running.FIRMWARE, Running.NOTHING):
            self._drop_power()
        elif self._power_change is None:
            self._power_change = self._begin(self._shut_down())

    async def _shut_down(self) -> None:
        await self._around.pace.wait(self.description.hardware.soft_off_seconds)
        self._drop_power()

    async def _return_power(self) -> None:
        await self._around.pace.wait(self.description.hardware.cycle_seconds)
        self._boot()

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(self._report_defect)
        return task

    def _report_defect(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            LOG.error("%s: the simulation is defective", self.description.name, exc_info=error)


def _is_current(task: asyncio.Task[None]) -> bool:
    try:
        return task is asyncio.current_task()
    except RuntimeError:
        # Called from outside a running loop.
        return False
