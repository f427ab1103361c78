"""What it costs a whole plane to keep reading the power of very many machines.

    python benchmarks/conductor_sweep.py                     1,000 BMCs, read every 20 s
    python benchmarks/conductor_sweep.py --machines 10000 --every 60 --json FILE

Starts the simulator and `baremetal up`, enrols every machine by REST, verifies each over IPMI,
and then only looks: seconds from the log, CPU and memory of the plane from the kernel.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests
import yaml

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 1024**2
_START_SECONDS = 300.0
_SWEPT = re.compile(r"power sync: (\d+) nodes in ([0-9.]+) s")
_VERSION = {"X-OpenStack-Ironic-API-Version": "1.90"}
_AT_ONCE = 16


class Process:
    """One of our commands, and what the kernel says of it."""

    def __init__(self, directory: Path, *words: str) -> None:
        self.log = directory / f"{words[0]}.log"
        command = [sys.executable, "-m", "baremetal.cmd.main", *words]
        with self.log.open("w") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        self.ready = self._await_ready()

    def _await_ready(self) -> str:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            for line in self.log.read_text().splitlines():
                if line.startswith("ready "):
                    return line
            time.sleep(0.1)
        raise SystemExit(f"did not become ready:\n{self.log.read_text()[-2000:]}")

    @property
    def cpu_seconds(self) -> float:
        """User and system time so far."""
        stat = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / _TICKS

    @property
    def mib(self) -> float:
        """Resident memory now."""
        statm = Path(f"/proc/{self._process.pid}/statm").read_text().split()
        return int(statm[1]) * _PAGE_MIB

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(60)


def enrol(url: str, machines: list[dict[str, Any]]) -> None:
    """Make a manageable node of every machine; each is logged in to on the way."""
    session = requests.Session()
    session.headers.update(_VERSION)

    def one(machine: dict[str, Any]) -> None:
        body = {key: value for key, value in machine.items() if key != "ports"}
        answer = session.post(f"{url}/v1/nodes", json=body, timeout=60)
        answer.raise_for_status()
        states = f"{url}/v1/nodes/{answer.json()['uuid']}/states/provision"
        session.put(states, json={"target": "manage"}, timeout=60).raise_for_status()

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(one, machines))
    query = f"{url}/v1/nodes?provision_state=manageable&fields=uuid"
    seen: list[dict[str, Any]] = []
    while len(seen) < len(machines):
        time.sleep(1.0)
        seen, following = [], query
        while following:
            page = session.get(following, timeout=60).json()
            seen += page["nodes"]
            following = page.get("next", "")
        print(f"\r{len(seen)} of {len(machines)} machines verified", end="", flush=True)
    print()


def measure(options: argparse.Namespace, directory: Path) -> dict[str, Any]:
    """The figures."""
    config = directory / "sweep.conf"
    config.write_text(f"[conductor]\npower_sync_interval = {options.every}\n")
    state = str(directory / "state")
    more = ("--port", "0", "--auth", "none", "--config-file", str(config))
    plane = Process(directory, "up", "--state-dir", state, *more)
    url = plane.ready.split()[1] + "/baremetal"
    time.sleep(2.0)
    idle, cpu = plane.mib, plane.cpu_seconds
    time.sleep(10.0)
    idle_share = (plane.cpu_seconds - cpu) / 10.0
    fleet = Process(
        directory,
        "simulate",
        *("--machines", str(options.machines), "--bmc-port", str(options.port)),
        *("--enrolment", str(directory / "nodes.yaml"), "--api", url),
    )
    try:
        machines = yaml.load((directory / "nodes.yaml").read_text(), yaml.CSafeLoader)["nodes"]
        enrol(url, machines)
        begun = time.monotonic()
        before = len(_SWEPT.findall(plane.log.read_text()))
        while len(_SWEPT.findall(plane.log.read_text())) < before + 1:
            time.sleep(0.2)
        cpu, start, most = plane.cpu_seconds, time.monotonic(), plane.mib
        print(f"settled in {start - begun:.0f} s; now looking at {options.sweeps} sweeps")
        while len(_SWEPT.findall(plane.log.read_text())) < before + 1 + options.sweeps:
            time.sleep(0.2)
            most = max(most, plane.mib)
        spent, seconds = plane.cpu_seconds - cpu, time.monotonic() - start
        sweeps = _SWEPT.findall(plane.log.read_text())[before + 1 :]
    finally:
        fleet.stop()
        plane.stop()
    return {
        "machines": options.machines,
        "read": [int(count) for count, _ in sweeps],
        "sweep_seconds": [float(taken) for _, taken in sweeps],
        "core_share": round(spent / seconds, 4),
        "idle_core_share": round(idle_share, 4),
        "idle_mib": round(idle, 1),
        "more_mib": round(most - idle, 1),
    }


def main() -> int:
    """Measure, print, and write JSON where asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--machines", type=int, default=1000)
    parser.add_argument("--every", type=int, default=20, help="seconds from sweep to sweep")
    parser.add_argument("--sweeps", type=int, default=4)
    parser.add_argument("--port", type=int, default=30000, help="of the first BMC")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        figures = measure(options, Path(directory))
    for name, value in figures.items():
        print(f"{name:16} {value}")
    if options.json:
        options.json.write_text(json.dumps(figures) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
