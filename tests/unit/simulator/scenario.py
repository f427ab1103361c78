"""One machine on a loop of its own, for tests that play a scenario with it."""

from collections.abc import Awaitable, Callable

from baremetal.simulator.agent import AgentTiming
from baremetal.simulator.bmc.chassis import PowerAction
from baremetal.simulator.description import (
    BmcAccess,
    DiskModel,
    Hardware,
    MachineDescription,
)
from baremetal.simulator.faults import AgentFaults, BmcFaults
from baremetal.simulator.machine import Machine, Running, Surroundings
from baremetal.simulator.pace import Pace
from tests.unit.simulator.scripted_api import ScriptedApi, until
from tests.unit.simulator.virtual_time import run_in_virtual_time

GIB = 1024**3
QUICK = Hardware(
    boot_seconds=1,
    soft_off_seconds=1,
    cycle_seconds=1,
    step_seconds=1,
    write_mib_per_second=100,
    disks=(DiskModel("/dev/sda", 100 * GIB), DiskModel("/dev/sdb", 50 * GIB)),
    extra_steps=(("burn_in", 1.0),),
)
TIMING = AgentTiming(first_retry=0.002, longest_retry=0.01, heartbeat_fraction=0.00002)
PXE_ONCE = bytes((0x80, 0x04, 0, 0, 0))
PXE_ALWAYS = bytes((0xE0, 0x04, 0, 0, 0))

Scenario = Callable[[Machine], Awaitable[None]]


def play(
    scenario: Scenario,
    api: ScriptedApi,
    hardware: Hardware = QUICK,
    agent_faults: AgentFaults = AgentFaults(),  # noqa: B008 frozen
    bmc_faults: BmcFaults = BmcFaults(),  # noqa: B008 frozen
    scale: float = 0.005,
) -> Machine:
    """Run the scenario with a machine, in virtual time; one simulated second is ``scale``."""
    description = MachineDescription(
        "n1",
        ("52:54:00:00:00:01",),
        BmcAccess("127.0.0.1", 1, "admin", "secret"),
        hardware,
        bmc_faults=bmc_faults,
        agent_faults=agent_faults,
    )

    async def run() -> Machine:
        machine = Machine(description, Surroundings(api, Pace(scale), TIMING))
        try:
            await scenario(machine)
        finally:
            running = machine.running
            await machine.stop()
            machine.running = running
        return machine

    machine: Machine = run_in_virtual_time(run())
    return machine


async def netboot(machine: Machine) -> None:
    machine.boot_options.set(5, PXE_ONCE)
    machine.control(PowerAction.ON)
    await until(lambda: machine.running is Running.RAMDISK)
