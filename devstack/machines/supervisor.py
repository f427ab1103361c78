"""The process that is a rack: it holds the network, the BMCs and the machines, until it ends."""

import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from baremetal.simulator.bmc.endpoint import BmcEndpoint
from baremetal.simulator.bmc.handshake import Account
from baremetal.simulator.bmc.server import Bmc, BmcSettings
from baremetal.simulator.redfish.service import RedfishService
from devstack.machines import network
from devstack.machines.description import (
    BMC_PORT,
    REDFISH_ADDRESS,
    REDFISH_PORT,
    RackDescription,
)
from devstack.machines.machine import QemuMachine
from devstack.machines.qemu import Files

#: Is there when all BMCs and the Redfish service listen.
READY = "ready"


async def supervise(home: Path) -> None:
    """Run the rack that `home` describes, in the network of this process, until told to end."""
    rack = RackDescription.read(home)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    network.build(machine.tap for machine in rack.machines)
    machines = [
        QemuMachine(machine, rack.shape, Files(home, machine.name)) for machine in rack.machines
    ]
    for machine in machines:
        machine.open()
        _bmc_of(machine, rack).open()
    redfish = _redfish_of(machines, rack)
    await redfish.start(REDFISH_ADDRESS, REDFISH_PORT)
    (home / READY).touch()
    await ended.wait()
    await redfish.stop()
    await asyncio.gather(*(machine.close() for machine in machines))


def _account(rack: RackDescription) -> Account:
    return Account(rack.username.encode(), rack.password.encode())


def _bmc_of(machine: QemuMachine, rack: RackDescription) -> BmcEndpoint:
    """The machine's BMC on its address."""
    address = machine.description.bmc_address
    settings = BmcSettings(_account(rack), address, port=BMC_PORT)
    bmc = Bmc(machine, settings, asyncio.get_running_loop().time)
    return BmcEndpoint(bmc, address, BMC_PORT)


def _redfish_of(machines: Sequence[QemuMachine], rack: RackDescription) -> RedfishService:
    """The one service that has all machines."""
    named = {machine.description.name: machine for machine in machines}
    return RedfishService(named, _account(rack), asyncio.get_running_loop().time)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    asyncio.run(supervise(Path(sys.argv[1])))
