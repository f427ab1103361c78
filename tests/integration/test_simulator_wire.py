"""Simulated BMCs on the real wire, against ipmitool and pyghmi."""

import asyncio
import contextlib
import json
import socket
import sys
from dataclasses import replace

import pytest

from baremetal.simulator.description import MachineDescription
from baremetal.simulator.faults import BmcFaults
from baremetal.simulator.fleet import Fleet, FleetError
from tests.integration.simulated_rack import (
    NO_API,
    described,
    ipmitool,
    needs_ipmitool,
    run_program,
    running,
    told,
    until,
)
from tests.unit.simulator.console import Console

# Runs in a process of its own, because pyghmi's client can hang for ever.
PYGHMI = """
import json, sys
from pyghmi.ipmi.command import Command
host, port, user, password = sys.argv[1:]
bmc = Command(host, user, password, port=int(port))
said = {"hash": bmc.ipmi_session.attemptedhash, "before": bmc.get_power()["powerstate"]}
bmc.set_bootdev("network", persist=True, uefiboot=True)
said["bootdev"] = bmc.get_bootdev()
said["on"] = bmc.set_power("on", wait=True)["powerstate"]
said["sensors"] = {r.name: [r.value, r.units, r.unavailable] for r in bmc.get_sensor_data()}
said["health"] = bmc.get_health()["health"]
said["serial"] = dict(bmc.get_inventory())["System"]["Serial Number"]
said["reset"] = bmc.set_power("reset", wait=True)
said["off"] = bmc.set_power("shutdown", wait=True)["powerstate"]
said["events"] = list(bmc.get_event_log())
bmc.ipmi_session.logout()
print(json.dumps(said))
"""


@needs_ipmitool
@pytest.mark.parametrize("suite", ["3", "17"])
def test_ipmitool_drives_a_machine(suite: str) -> None:
    async def scenario() -> None:
        (machine,) = described()

        async def say(*arguments: str) -> str:
            return await told(machine, "-C", suite, *arguments)

        async with running([machine]) as fleet:
            assert "System Power         : off" in await say("chassis", "status")
            await say("chassis", "bootdev", "pxe")
            once = await say("chassis", "bootparam", "get", "5")
            assert "only next boot" in once
            assert "Force PXE" in once
            await say("chassis", "bootdev", "disk", "options=persistent,efiboot")
            always = await say("chassis", "bootparam", "get", "5")
            assert "all future boots" in always
            assert "EFI boot" in always
            for action, state in (("on", "on"), ("reset", "on"), ("cycle", "on"), ("off", "off")):
                await say("power", action)
                if action == "cycle":
                    await until(lambda: fleet.machines["sim-0"].powered_on)
                assert f"is {state}" in await say("power", "status")
            await say("power", "on")
            await say("power", "soft")
            await until(lambda: not fleet.machines["sim-0"].powered_on)
            status, _, errors = await ipmitool(machine, "-C", suite, "power", "cycle")
            assert status != 0
            assert "not supported in present state" in errors
            assert fleet.machines["sim-0"].boots == 4

    asyncio.run(scenario())


@needs_ipmitool
def test_ipmitool_reads_sensors_and_inventory() -> None:
    async def scenario() -> None:
        (machine,) = described()
        async with running([machine]):
            assert "IPMI Version              : 2.0" in await told(machine, "mc", "info")
            assert machine.serial in await told(machine, "fru")
            off = await told(machine, "sdr")
            assert "CPU1 Temp        | no reading        | ns" in off
            await told(machine, "power", "on")
            rows = [row.split("|") for row in (await told(machine, "sensor")).splitlines()]
            assert {row[0].strip(): row[3].strip() for row in rows} == {
                "Inlet Temp": "ok",
                "CPU1 Temp": "ok",
                "System Fan 1": "ok",
                "P12V": "ok",
                "PSU1 Input": "ok",
            }
            volts = next(float(row[1]) for row in rows if row[0].strip() == "P12V")
            assert 11.4 < volts < 12.6
            assert "127.0.0.1" in await told(machine, "lan", "print", "1")
            assert "3,17" in await told(machine, "lan", "print", "1")

    asyncio.run(scenario())


@needs_ipmitool
def test_ipmitool_is_refused_by_the_book() -> None:
    async def scenario() -> None:
        (machine,) = described()
        async with running([machine]):
            for arguments, password in ((("-C", "1"), None), ((), "wrong")):
                status, _, errors = await ipmitool(
                    machine, *arguments, "power", "status", password=password
                )
                assert status != 0
                assert "Unable to establish IPMI v2 / RMCP+ session" in errors
            status, _, errors = await ipmitool(machine, "-v", "power", "status", password="wrong")
            assert "password" in errors.lower() or "HMAC" in errors
            status, _, errors = await ipmitool(machine, "raw", "0x06", "0x99")
            assert "rsp=0xc1" in errors

    asyncio.run(scenario())


def test_pyghmi_drives_a_machine_by_sha256() -> None:
    async def scenario() -> None:
        (machine,) = described()
        async with running([machine]):
            access = machine.bmc
            status, output, errors = await run_program(
                *(sys.executable, "-c", PYGHMI, access.address, str(access.port)),
                *(access.username, access.password),
                seconds=60,
            )
        assert status == 0, errors
        said = json.loads(output)
        assert said["hash"] == 256
        assert said["bootdev"] == {"bootdev": "network", "persistent": True, "uefimode": True}
        assert (said["before"], said["on"], said["off"]) == ("off", "on", "off")
        assert said["reset"] == {"pendingpowerstate": "reset"}
        assert (said["health"], said["events"], said["serial"]) == (0, [], machine.serial)
        assert len(said["sensors"]) == 5
        value, units, unavailable = said["sensors"]["PSU1 Input"]
        assert (units, unavailable) == ("W", 0)
        assert 100 < value < 200

    asyncio.run(scenario())


@needs_ipmitool
@pytest.mark.parametrize(
    ("faults", "complaint"),
    [
        (BmcFaults(silent=True), "Unable to establish"),
        (BmcFaults(garbage=True), "Unable to establish"),
        (BmcFaults(wrong_password=True), "Unable to establish"),
        (BmcFaults(refuse_sessions=True), "insufficient resources"),
    ],
)
def test_a_bmc_can_be_out_of_order(faults: BmcFaults, complaint: str) -> None:
    async def scenario() -> None:
        machine = replace(described()[0], bmc_faults=faults)
        async with running([machine]) as fleet:
            status, _, errors = await ipmitool(machine, "-N", "1", "-R", "1", "power", "on")
            assert status != 0
            assert complaint in errors
            assert not fleet.machines["sim-0"].powered_on

    asyncio.run(scenario())


class PatientConsole(Console):
    """A console on UDP that sends the same packet until it is answered."""

    def __init__(self, machine: MachineDescription, wire: socket.socket) -> None:
        access = machine.bmc
        # It has no BMC object: everything goes over the wire.
        super().__init__(None, 17, access.username.encode(), access.password.encode())  # type: ignore[arg-type]
        self.wire = wire
        self.sent = 0

    def send(self, datagram: bytes) -> bytes | None:
        self.drop_late_answers()
        for _ in range(200):
            self.sent += 1
            self.wire.send(datagram)
            with contextlib.suppress(TimeoutError):
                return self.wire.recv(1500)
        return None

    def drop_late_answers(self) -> None:
        self.wire.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.wire.recv(1500)
        self.wire.settimeout(0.1)


def test_a_lossy_wire_delays_but_does_not_repeat_actions() -> None:
    def console(machine: MachineDescription) -> int:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
            wire.connect((machine.bmc.address, machine.bmc.port))
            patient = PatientConsole(machine, wire).log_in()
            for action in (1, *[3] * 10):
                assert patient.command(0x00, 0x02, bytes((action,))) == (0, b"")
            return patient.sent

    async def scenario() -> None:
        machine = replace(described()[0], bmc_faults=BmcFaults(drop_packets=0.3), seed=4)
        async with running([machine]) as fleet:
            sent = await asyncio.to_thread(console, machine)
            assert fleet.machines["sim-0"].boots == 11
        assert sent > 15 + 5, "some were lost"

    asyncio.run(scenario())


@needs_ipmitool
def test_a_slow_bmc_answers_late() -> None:
    async def scenario() -> None:
        machine = replace(described()[0], bmc_faults=BmcFaults(slow=0.2))
        async with running([machine]):
            began = asyncio.get_running_loop().time()
            assert "is off" in await told(machine, "-C", "17", "power", "status")
            assert asyncio.get_running_loop().time() - began > 1.0

    asyncio.run(scenario())


def test_a_port_that_is_taken_is_named() -> None:
    async def scenario() -> None:
        (machine,) = described()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind((machine.bmc.address, machine.bmc.port))
            with pytest.raises(FleetError, match=f"sim-0 .*:{machine.bmc.port}: Address already"):
                await Fleet([machine], NO_API).start()

    asyncio.run(scenario())
