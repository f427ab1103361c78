"""A small fleet on loopback and the programs that talk to it, for tests."""

import asyncio
import contextlib
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from baremetal.simulator.agent import AgentTiming
from baremetal.simulator.description import MachineDescription
from baremetal.simulator.fleet import Fleet
from baremetal.simulator.fleet_file import read_fleet
from devstack.ports import free_udp_ports

IPMITOOL = shutil.which("ipmitool")
needs_ipmitool = pytest.mark.skipif(
    IPMITOOL is None, reason="NOT TESTED: ipmitool is not installed (apt-get install ipmitool)"
)
NO_API = "http://127.0.0.1:9/baremetal"
TIMING = AgentTiming(first_retry=0.02, longest_retry=0.1)


def described(count: int = 1, **entry: Any) -> list[MachineDescription]:
    document = {
        "hardware": {"quick": {"boot_seconds": 1, "step_seconds": 0.1, "soft_off_seconds": 0.1}},
        "generate": [
            {
                "count": count,
                "seed": 7,
                "hardware": {"quick": 1},
                "bmc": {"port": free_udp_ports(count)},
                **entry,
            }
        ],
    }
    return read_fleet(document, "test")


@contextlib.asynccontextmanager
async def running(
    machines: list[MachineDescription], api: str = NO_API, scale: float = 0.01
) -> AsyncIterator[Fleet]:
    fleet = Fleet(machines, api, scale, TIMING)
    await fleet.start()
    try:
        yield fleet
    finally:
        await fleet.stop()


async def run_program(*command: str, seconds: float = 30) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        output, errors = await asyncio.wait_for(process.communicate(), seconds)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    return process.returncode or 0, output.decode(), errors.decode()


async def ipmitool(
    machine: MachineDescription, *arguments: str, password: str | None = None
) -> tuple[int, str, str]:
    access = machine.bmc
    return await run_program(
        *(str(IPMITOOL), "-I", "lanplus", "-H", access.address, "-p", str(access.port)),
        *("-U", access.username, "-P", password or access.password, *arguments),
    )


async def told(machine: MachineDescription, *arguments: str) -> str:
    status, output, errors = await ipmitool(machine, *arguments)
    assert status == 0, errors
    return output


async def until(condition: Callable[[], Any], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 any condition
            await asyncio.sleep(0.01)
