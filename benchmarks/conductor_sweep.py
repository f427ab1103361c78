"""What it costs a whole plane to keep reading the power of very many machines.

    python benchmarks/conductor_sweep.py                     1,000 BMCs, read every 20 s
    python benchmarks/conductor_sweep.py --machines 10000 --every 60 --json FILE

Starts the simulator and `baremetal up`, enrols every machine by REST, verifies each over IPMI,
and then only looks: seconds from the log, CPU and memory of the plane from the kernel.
"""

import argparse
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from measured_plane import Plane, Process, come_to, enrol, parser, rack, report

_SWEPT = re.compile(r"power sync: (\d+) nodes in ([0-9.]+) s")
_IDLE_SECONDS = 10.0


def measure(options: argparse.Namespace, directory: Path) -> dict[str, Any]:
    """The figures."""
    plane = Plane(options, directory, f"[conductor]\npower_sync_interval = {options.every}\n")
    process = plane.process
    if process is None:
        raise SystemExit("only a plane of our own tells of its sweeps")
    try:
        time.sleep(2.0)
        idle, cpu = process.mib, process.cpu_seconds
        time.sleep(_IDLE_SECONDS)
        idle_cores = (process.cpu_seconds - cpu) / _IDLE_SECONDS
        with rack(options, directory, plane.url, {}) as (_, machines):
            come_to(plane, "manageable", len(enrol(plane, machines)))
            # The first whole one also writes down what changed.
            _await_sweeps(process, len(_SWEPT.findall(process.log.read_text())) + 2)
            first = len(_SWEPT.findall(process.log.read_text()))
            cpu, begun = process.cpu_seconds, time.monotonic()
            most = _await_sweeps(process, first + options.sweeps)
            spent, seconds = process.cpu_seconds - cpu, time.monotonic() - begun
            sweeps = _SWEPT.findall(process.log.read_text())[first:]
    finally:
        plane.stop()
    cores = spent / seconds
    return {
        "benchmark": "sweep",
        "machines": options.machines,
        "read": [int(count) for count, _ in sweeps],
        "sweep_seconds": max(float(taken) for _, taken in sweeps),
        "sweep_cpu_seconds": round((cores - idle_cores) * options.every, 3),
        "cores": round(cores, 4),
        "idle_cores": round(idle_cores, 4),
        "idle_mib": round(idle, 1),
        "more_mib": round(most - idle, 1),
    }


def _await_sweeps(process: Process, count: int) -> float:
    """The most memory that there was until so many sweeps are over, MiB."""
    most = 0.0
    while len(_SWEPT.findall(process.log.read_text())) < count:
        time.sleep(0.2)
        most = max(most, process.mib)
    return most


def main() -> int:
    """Measure and report."""
    made = parser(__doc__, machines=1000, speed=1)
    made.add_argument("--every", type=int, default=20, help="seconds from sweep to sweep")
    made.add_argument("--sweeps", type=int, default=4)
    options = made.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        report(measure(options, Path(directory)), options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
