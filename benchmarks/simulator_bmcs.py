"""How much a simulated BMC weighs and how many commands a second a process of them answers.

    python benchmarks/simulator_bmcs.py [--bmcs 1000] [--rounds 5]

The fleet runs in one process, the consoles in this one: each opens a session, asks for the power
state ``rounds`` times and closes it, many at once. CPU is the fleet's alone.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import resource
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from baremetal.simulator.description import MachineDescription
from baremetal.simulator.fleet import Fleet
from baremetal.simulator.fleet_file import read_fleet
from tests.unit.simulator.console import Console

NO_API = "http://127.0.0.1:9/baremetal"


@dataclass
class Usage:
    """Memory in KiB and CPU seconds of a process, so far."""

    memory: int
    cpu: float


def usage_now() -> Usage:
    """Return what this process has used."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    used = resource.getrusage(resource.RUSAGE_SELF)
    return Usage(pages * os.sysconf("SC_PAGE_SIZE") // 1024, used.ru_utime + used.ru_stime)


def serve(machines: Sequence[MachineDescription], pipe: Connection) -> None:
    """Run a fleet in this process; the pipe asks for its usage, or for its end."""

    async def run() -> None:
        # Whatever a first fleet loads is not the weight of a BMC.
        nobody = Fleet([], NO_API)
        await nobody.start()
        await nobody.stop()
        before = usage_now()
        fleet = Fleet(machines, NO_API)
        await fleet.start()
        after = usage_now()
        pipe.send((before, after))
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, pipe.recv) != "end":
            pipe.send(usage_now())
        await fleet.stop()

    asyncio.run(run())


class WireConsole(Console):
    """A console on a connected UDP socket."""

    def __init__(self, machine: MachineDescription) -> None:
        access = machine.bmc
        super().__init__(None, 17, access.username.encode(), access.password.encode())  # type: ignore[arg-type]
        self.wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.wire.connect((access.address, access.port))
        self.wire.settimeout(5)

    def send(self, datagram: bytes) -> bytes | None:
        self.wire.send(datagram)
        return self.wire.recv(1500)


def log_in_all(machines: Sequence[MachineDescription]) -> list[WireConsole]:
    """Return an open session with every BMC."""
    return [WireConsole(machine).log_in() for machine in machines]


def ask_all(consoles: Sequence[WireConsole], rounds: int) -> int:
    """Ask every BMC at once, then read every answer; return how many commands that were."""
    for _ in range(rounds):
        for console in consoles:
            console.wire.send(console.packet(console.message(0, 1)))
        for console in consoles:
            code, _ = console.unseal(console.wire.recv(1500))
            if code:
                raise SystemExit(f"a BMC answered 0x{code:02X}")
    return rounds * len(consoles)


def log_out_all(consoles: Sequence[WireConsole]) -> None:
    """Close every session."""
    for console in consoles:
        console.command(6, 0x3C, console.session_id.to_bytes(4, "little"))
        console.wire.close()


def measure(bmcs: int, rounds: int, where: dict[str, object]) -> dict[str, float]:
    """Return the figures of one run with BMCs at an address and from a port on."""
    machines = read_fleet({"generate": [{"count": bmcs, "bmc": where}]}, "benchmark")
    # Both processes hold a socket per BMC.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, bmcs + 128), hard), hard))
    pipe, far_end = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(machines, far_end))
    process.start()
    # So that the end of the process ends our waiting for it, too.
    far_end.close()

    def fleet_usage() -> Usage:
        pipe.send("usage")
        usage: Usage = pipe.recv()
        return usage

    empty, idle = pipe.recv()
    began = time.perf_counter()
    consoles = log_in_all(machines)
    login_wall = time.perf_counter() - began
    logged_in = fleet_usage()
    began = time.perf_counter()
    commands = ask_all(consoles, rounds)
    command_wall = time.perf_counter() - began
    asked = fleet_usage()
    log_out_all(consoles)
    pipe.send("end")
    process.join()
    return {
        "bmcs": bmcs,
        "idle_kib_per_bmc": round((idle.memory - empty.memory) / bmcs, 2),
        "session_kib": round((logged_in.memory - idle.memory) / bmcs, 2),
        "fleet_mib": round(asked.memory / 1024, 1),
        "login_cpu_ms": round((logged_in.cpu - idle.cpu) * 1000 / bmcs, 3),
        "login_wall_s": round(login_wall, 2),
        "command_cpu_ms": round((asked.cpu - logged_in.cpu) * 1000 / commands, 4),
        "commands_per_cpu_second": round(commands / (asked.cpu - logged_in.cpu)),
        "commands_per_s": round(commands / command_wall),
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description="weigh and time simulated BMCs")
    parser.add_argument("--bmcs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    # An address of its own, so that other fleets on the host are not in the way.
    parser.add_argument("--address", default="127.0.0.77")
    parser.add_argument("--port", type=int, default=16230)
    options = parser.parse_args()
    where = {"address": options.address, "port": options.port}
    print(json.dumps(measure(options.bmcs, options.rounds, where), indent=2))


if __name__ == "__main__":
    main()
