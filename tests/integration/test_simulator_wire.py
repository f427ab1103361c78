"""Simulated machines on the real wire: ipmitool and pyghmi on one side, HTTP on the other."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from baremetal.simulator.agent import AgentTiming
from baremetal.simulator.bmc.chassis import PowerAction
from baremetal.simulator.description import MachineDescription
from baremetal.simulator.faults import BmcFaults
from baremetal.simulator.fleet import Fleet, FleetError
from baremetal.simulator.fleet_file import read_fleet
from baremetal.simulator.machine import Running
from tests.unit.simulator.console import Console

ROOT = Path(__file__).parents[2]
IPMITOOL = shutil.which("ipmitool")
needs_ipmitool = pytest.mark.skipif(
    IPMITOOL is None, reason="NOT TESTED: ipmitool is not installed (apt-get install ipmitool)"
)
NO_API = "http://127.0.0.1:9/baremetal"
TIMING = AgentTiming(first_retry=0.02, longest_retry=0.1)

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


def free_ports(count: int) -> int:
    """Return the first of ``count`` UDP ports that nobody has right now."""
    while True:
        with contextlib.ExitStack() as stack:
            first = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                for offset in range(1, count):
                    following = stack.enter_context(
                        socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    )
                    following.bind(("127.0.0.1", port + offset))
            except (OSError, OverflowError):
                continue
            return port


def described(count: int = 1, **entry: Any) -> list[MachineDescription]:
    document = {
        "hardware": {"quick": {"boot_seconds": 1, "step_seconds": 0.1, "soft_off_seconds": 0.1}},
        "generate": [
            {
                "count": count,
                "seed": 7,
                "hardware": {"quick": 1},
                "bmc": {"port": free_ports(count)},
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
        with contextlib.suppress(BlockingIOError):
            while True:
                self.wire.recv(1500, socket.MSG_DONTWAIT)


def test_a_lossy_wire_delays_but_does_not_repeat_actions() -> None:
    def console(machine: MachineDescription) -> int:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
            wire.connect((machine.bmc.address, machine.bmc.port))
            wire.settimeout(0.1)
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


class StandInApi:
    """Stands in for the API: knows nodes by MAC, hands out plans, keeps what it hears."""

    def __init__(self) -> None:
        self.plans: dict[str, Any] = {}
        self.tokens: dict[str, str] = {}
        self.reports: list[dict[str, Any]] = []
        self.versions: set[str] = set()
        self.fail_next = 0

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_get("/baremetal/v1/lookup", self.lookup)
        app.router.add_post("/baremetal/v1/heartbeat/{uuid}", self.heartbeat)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/baremetal"
        finally:
            await runner.cleanup()

    async def lookup(self, request: web.Request) -> web.Response:
        self.versions.add(request.headers["X-OpenStack-Ironic-API-Version"])
        mac = request.query["addresses"].split(",")[0]
        if mac not in self.plans:
            return web.json_response({"error_message": '{"faultstring": "no"}'}, status=404)
        self.tokens[mac] = f"token-{len(self.tokens)}"
        config = {"heartbeat_timeout": 1, "agent_token": self.tokens[mac]}
        return web.json_response({"node": {"uuid": mac}, "config": config})

    async def heartbeat(self, request: web.Request) -> web.Response:
        if self.fail_next:
            self.fail_next -= 1
            return web.Response(status=503, text="not now")
        mac, body = request.match_info["uuid"], await request.json()
        if body["agent_token"] != self.tokens[mac]:
            return web.json_response({"error_message": "{}"}, status=401)
        if "progress" in body:
            self.reports.append(body["progress"])
            return web.json_response({"plan": None}, status=202)
        return web.json_response({"plan": self.plans[mac]}, status=202)


@needs_ipmitool
def test_a_machine_netboots_over_ipmi_and_deploys_over_http() -> None:
    plan = {
        "uuid": "plan-1",
        "kind": "deploy",
        "steps": [
            {"name": "inventory", "args": {}},
            {"name": "write_image", "args": {"image_source": "http://i/a", "image_size_mb": 800}},
        ],
        "report_seconds": 0.02,
    }

    async def scenario() -> None:
        (machine,) = described()
        api = StandInApi()
        async with api.serving() as url, running([machine], url, 0.05) as fleet:
            simulated = fleet.machines["sim-0"]
            await told(machine, "chassis", "bootdev", "pxe")
            await told(machine, "power", "on")
            await asyncio.sleep(0.3)
            assert not api.tokens, "no node waits for it yet"
            api.plans[machine.macs[0]] = plan
            await until(lambda: api.reports)
            api.fail_next = 3
            await until(lambda: api.reports[-1]["status"] == "succeeded")
            await told(machine, "power", "cycle")
            await until(lambda: simulated.running is Running.OPERATING_SYSTEM)
            content = simulated.disks[0].content
            assert content is not None
            assert content.image_source == "http://i/a"
        assert api.versions == {"1.62"}
        assert api.reports[-1]["percent"] == 100
        assert api.reports[-1]["results"]["inventory"]["bmc_address"] == "127.0.0.1"
        assert {r["step"] for r in api.reports} >= {"write_image"}

    asyncio.run(scenario())


def test_a_fleet_of_agents_shares_one_http_session() -> None:
    async def scenario() -> None:
        machines = described(40)
        api = StandInApi()
        plan = {"uuid": "p", "kind": "clean", "steps": [{"name": "inventory"}]}
        api.plans = {m.macs[0]: {**plan, "uuid": m.name} for m in machines}
        async with api.serving() as url, running(machines, url) as fleet:
            for machine in fleet.machines.values():
                machine.boot_options.set(5, bytes((0x80, 0x04, 0, 0, 0)))
                machine.control(PowerAction.ON)
            await until(lambda: sum(r["status"] == "succeeded" for r in api.reports) == 40)
            assert {r["plan"] for r in api.reports} == {m.name for m in machines}

    asyncio.run(scenario())


SIMULATE = """
import sys
from cliff.app import App
from cliff.commandmanager import CommandManager
from baremetal.cmd.simulate import Simulate
words = CommandManager("baremetal.no-such-group")
words.add_command("simulate", Simulate)
sys.exit(App("baremetal", "0", words).run(["simulate", *sys.argv[1:]]))
"""


def simulate(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", SIMULATE, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@needs_ipmitool
def test_the_command_serves_a_fleet_until_it_is_told_to_stop(tmp_path: Path) -> None:
    enrolment = tmp_path / "nodes.yaml"
    port = free_ports(3)
    process = simulate(
        *("--machines", "3", "--bmc-port", str(port), "--seed", "7", "--api", NO_API),
        *("--enrolment", str(enrolment), "--boot-seconds", "1", "--time-scale", "0.01"),
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready 3 machines\n"
        nodes = yaml.safe_load(enrolment.read_text())["nodes"]
        access = nodes[2]["driver_info"]
        answer = subprocess.run(
            [
                *(str(IPMITOOL), "-I", "lanplus", "-H", access["ipmi_address"]),
                *("-p", str(access["ipmi_port"]), "-U", access["ipmi_username"]),
                *("-P", access["ipmi_password"], "power", "status"),
            ],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        assert "is off" in answer.stdout
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.communicate()


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text("generate: [{count: 1, bmc: {prot: 1}}]")
    for arguments, complaint in (
        ((str(path),), "generate[0].bmc: unknown field 'prot'; did you mean port?"),
        ((str(path), "--seed", "1"), "--seed has no meaning beside"),
        (("--machines", "0"), "options.generate[0].count: must be an integer from 1"),
    ):
        process = simulate(*arguments)
        output, errors = process.communicate(timeout=30)
        assert (process.returncode, output) == (1, "")
        assert complaint in errors
        assert "Traceback" not in errors
