"""How long a power sweep of very many BMCs takes, and what it costs.

    python benchmarks/power_sweep.py                    1,000 healthy BMCs
    python benchmarks/power_sweep.py --faulty 0.05      5 % each silent, lossy, of another password
    python benchmarks/power_sweep.py --check            exit status 1 when a goal is missed

The BMCs are simulated by a process of their own; all figures are of the process that sweeps.
The first sweep includes every login. CPU share is what a sweep each --every seconds costs.
"""

import argparse
import collections
import contextlib
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from baremetal.drivers.bmc.address import BmcAddress
from baremetal.drivers.bmc.bus import IpmiBus
from baremetal.drivers.bmc.chassis import PowerReading
from baremetal.drivers.bmc.errors import BmcError
from baremetal.simulator.faults import NO_AGENT_FAULTS, BmcFaults
from baremetal.simulator.fleet import run_fleet
from baremetal.simulator.generated_fleet import FaultShare, FleetSeed, generate

GOAL_SECONDS = 5.0
GOAL_CORE_SHARE = 0.25
GOAL_MIB = 100.0
PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 1024**2


@dataclass(frozen=True)
class Sweep:
    """One sweep: seconds until the last healthy BMC answered and until all were through."""

    healthy_seconds: float
    seconds: float
    cpu_seconds: float
    answers: int
    healthy_missing: int
    errors: dict[str, int]


def fleet_seed(options: argparse.Namespace) -> FleetSeed:
    """The fleet that both processes derive from the same options."""
    kinds = (BmcFaults(silent=True), BmcFaults(drop_packets=0.5), BmcFaults(wrong_password=True))
    shares = tuple(FaultShare(options.faulty, kind, NO_AGENT_FAULTS) for kind in kinds)
    return FleetSeed(options.bmcs, seed=1, bmc_port=options.port, faults=shares)


@contextlib.contextmanager
def rack() -> Iterator[None]:
    """The simulated BMCs, in another process, until the end of the block."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--rack", *sys.argv[1:]], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise SystemExit("the simulated rack did not start")
        yield
    finally:
        process.terminate()
        process.wait()


def resident_mib() -> float:
    """What this process has in memory now."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE_MIB


def one_sweep(bus: IpmiBus, bmcs: list[BmcAddress], healthy: set[BmcAddress]) -> Sweep:
    """Sweep once and look at watch, meter and answers."""
    last_healthy = start = time.perf_counter()
    cpu = time.process_time()

    def note(bmc: BmcAddress, reading: PowerReading | BmcError) -> None:
        nonlocal last_healthy
        if bmc in healthy and isinstance(reading, PowerReading):
            last_healthy = time.perf_counter()

    readings = bus.sweep(bmcs, on_result=note)
    seconds = time.perf_counter() - start
    cpu = time.process_time() - cpu
    good = {bmc for bmc, reading in readings.items() if isinstance(reading, PowerReading)}
    errors = collections.Counter(
        type(reading).__name__ for reading in readings.values() if isinstance(reading, BmcError)
    )
    return Sweep(last_healthy - start, seconds, cpu, len(good), len(healthy - good), dict(errors))


def measure(options: argparse.Namespace) -> bool:
    """Print the figures; whether all goals are reached."""
    fleet = generate(fleet_seed(options))
    address = {
        machine.name: BmcAddress(
            machine.bmc.address, machine.bmc.port, machine.bmc.username, machine.bmc.password
        )
        for machine in fleet
    }
    sound = BmcFaults()
    healthy = {address[machine.name] for machine in fleet if machine.bmc_faults == sound}
    bmcs = list(address.values())
    idle_mib = peak_mib = resident_mib()
    print(f"{len(bmcs)} BMCs, {len(healthy)} of them healthy")
    print("sweep  healthy s  all s   CPU s  share of a core  readings  errors")
    sweeps = []
    with IpmiBus() as bus:
        for number in range(1, options.sweeps + 1):
            sweep = one_sweep(bus, bmcs, healthy)
            sweeps.append(sweep)
            peak_mib = max(peak_mib, resident_mib())
            print(
                f"{number:5}  {sweep.healthy_seconds:9.2f}  {sweep.seconds:5.2f}  "
                f"{sweep.cpu_seconds:6.3f}  {sweep.cpu_seconds / options.every:15.3f}  "
                f"{sweep.answers:8}  {sweep.errors or ''}",
                flush=True,
            )
            if options.paced:
                time.sleep(max(0.0, options.every - sweep.seconds))
        print(bus.stats())
    print(f"memory: {idle_mib:.0f} MiB idle, {peak_mib - idle_mib:.1f} MiB more at most")
    return all(
        sweep.healthy_seconds <= GOAL_SECONDS
        and sweep.cpu_seconds <= GOAL_CORE_SHARE * options.every
        and not sweep.healthy_missing
        for sweep in sweeps
    ) and (peak_mib - idle_mib <= GOAL_MIB)


def main() -> int:
    """Serve as the rack, or measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--bmcs", type=int, default=1000)
    parser.add_argument("--sweeps", type=int, default=5)
    parser.add_argument("--every", type=float, default=20.0, help="seconds from sweep to sweep")
    parser.add_argument("--paced", action="store_true", help="really wait that long")
    parser.add_argument("--faulty", type=float, default=0.0, help="share of each kind of fault")
    parser.add_argument("--port", type=int, default=20000, help="of the first BMC")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--rack", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    if options.rack:
        descriptions = generate(fleet_seed(options))
        run_fleet(descriptions, "http://127.0.0.1:1", on_ready=lambda _: print("ready", flush=True))
        return 0
    with rack():
        reached = measure(options)
    return 1 if options.check and not reached else 0


if __name__ == "__main__":
    sys.exit(main())
