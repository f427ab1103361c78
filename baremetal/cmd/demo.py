"""``make demo``: the plane and a rack of simulated machines, from enrolment to active."""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import yaml

from baremetal.cli.progress import Progress, open_progress
from baremetal.client import Client, connect
from baremetal.client.errors import ClientError

#: What is asked of each machine in turn, and where it leads.
LEGS = (
    ("manage", "manageable"),
    ("inspect", "manageable"),
    ("provide", "available"),
    ("active", "active"),
)
_IMAGE = {
    "image_source": "http://images.example.org/debian-12.raw",
    "image_checksum": "d41d8cd98f00b204e9800998ecf8427e",
    "image_size_mb": 2048,
}
_LOOK_SECONDS = 0.2
_START_SECONDS = 60.0
_LIMIT_SECONDS = 85.0
_FIRST_BMC_PORT = 16230

#: Simulated machines live twenty times as fast as real ones.
_TIME_SCALE = "0.05"
_CONFIGURATION = "[conductor]\nagent_report_interval = 0.5\npower_sync_interval = 10\n"


@dataclass(frozen=True, slots=True)
class Rack:
    """What runs: the processes by name, and where the API is."""

    directory: Path
    url: str
    processes: dict[str, "subprocess.Popen[str]"]

    @property
    def clouds(self) -> Path:
        """The credentials."""
        return self.directory / "state" / "clouds.yaml"

    def stop(self) -> None:
        """End all that was started, the simulator first."""
        for process in reversed(self.processes.values()):
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


def main() -> int:
    """Run the demonstration; 0 only if every machine became active."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--machines", type=int, default=8, help="how many (%(default)s)")
    parser.add_argument(
        "--dir", type=Path, default=Path(".demo"), help="all its files (%(default)s)"
    )
    parser.add_argument("--keep", action="store_true", help="leave everything running")
    args = parser.parse_args()
    with ExitStack() as stack:
        try:
            rack = start(args.dir.resolve(), args.machines)
        except RuntimeError as error:
            print(f"demo: {error}", file=sys.stderr)
            return 1
        stop = stack.callback(rack.stop)
        begin = time.monotonic()
        active = run(rack, sys.stderr)
        print(f"{time.monotonic() - begin:.1f} s from enrolment to the last machine's end")
        if args.keep:
            stack.pop_all()
            del stop
            print(how_to_use(rack))
    print(f"demo: {active} of {args.machines} machines active", flush=True)
    return 0 if active == args.machines else 1


# -- the processes -------------------------------------------------------------


def start(directory: Path, machines: int) -> Rack:
    """Start the plane and the simulator with a fresh state directory.

    :raises RuntimeError: one of them did not come up.
    """
    _end_former(directory)
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    (directory / "demo.conf").write_text(_CONFIGURATION)
    state = str(directory / "state")
    options = ["--state-dir", state, "--port", "0", "--config-file", str(directory / "demo.conf")]
    processes: dict[str, subprocess.Popen[str]] = {}
    rack = Rack(directory, "", processes)
    try:
        processes["up"] = _spawn(directory, "up", *options)
        url = _ready(processes["up"], directory / "up.log").split()[1] + "/baremetal"
        processes["simulate"] = _spawn(
            directory,
            "simulate",
            *("--machines", str(machines), "--api", url, "--time-scale", _TIME_SCALE),
            *("--bmc-port", str(_free_udp_ports(machines))),
            *("--enrolment", str(directory / "nodes.yaml")),
        )
        _ready(processes["simulate"], directory / "simulate.log")
    except RuntimeError:
        rack.stop()
        raise
    pids = "\n".join(str(process.pid) for process in processes.values())
    (directory / "pids").write_text(pids + "\n")
    return Rack(directory, url, processes)


def _spawn(directory: Path, *words: str) -> "subprocess.Popen[str]":
    log: IO[str]
    with (directory / f"{words[0]}.log").open("w") as log:
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "baremetal.cmd.main", *words],
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
        )


def _ready(process: "subprocess.Popen[str]", log: Path) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        for line in log.read_text().splitlines():
            if line.startswith("ready "):
                return line
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError(f"a process did not become ready; {log} says:\n{log.read_text()[-2000:]}")


def _end_former(directory: Path) -> None:
    """End what an earlier ``--keep`` left running here."""
    pids = directory / "pids"
    if not pids.exists():
        return
    for pid in (int(line) for line in pids.read_text().split()):
        command = Path(f"/proc/{pid}/cmdline")
        if command.exists() and b"baremetal.cmd.main" in command.read_bytes():
            os.kill(pid, signal.SIGTERM)


def _free_udp_ports(count: int) -> int:
    """The first of `count` UDP ports in a row that nobody uses."""
    for first in range(_FIRST_BMC_PORT, 60000, count):
        with ExitStack() as stack:
            try:
                for port in range(first, first + count):
                    probe = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
                    probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return first
    raise RuntimeError(f"no {count} UDP ports in a row are free on 127.0.0.1")


# -- the machines --------------------------------------------------------------


def run(rack: Rack, out: IO[str]) -> int:
    """Take every machine through all legs at once; how many are active in the end."""
    os.environ.update(OS_CLIENT_CONFIG_FILE=str(rack.clouds), OS_CLOUD="baremetal")
    machines = yaml.safe_load((rack.directory / "nodes.yaml").read_text())["nodes"]
    deadline = time.monotonic() + _LIMIT_SECONDS
    with _shared_progress(out) as progress, ThreadPoolExecutor(len(machines)) as pool:
        lives = [pool.submit(_live, connect(), machine, progress, deadline) for machine in machines]
        return sum(life.result() for life in lives)


def _live(client: Client, machine: dict[str, object], progress: "_Shared", deadline: float) -> bool:
    """Whether one machine became active."""
    name = str(machine["name"])
    try:
        body = {key: value for key, value in machine.items() if key != "ports"}
        node = client.nodes.create({**body, "instance_info": _IMAGE})
        ports = machine["ports"]
        assert isinstance(ports, list)  # noqa: S101 - for the type checker
        for port in ports:
            client.ports.create({**port, "node_uuid": node["uuid"]})
        for number, (verb, goal) in enumerate(LEGS):
            client.nodes.provision(name, verb)
            _await(client, name, goal, (number, progress), deadline)
    except (ClientError, RuntimeError) as error:
        progress.show(name, str(error), None, ended=True, ok=False)
        return False
    progress.show(name, "active", 100, ended=True, ok=True)
    return True


def _await(
    client: Client, name: str, goal: str, leg: "tuple[int, _Shared]", deadline: float
) -> None:
    number, progress = leg
    while True:
        node = client.nodes.get(name)
        state, operation = node["provision_state"], node.get("operation") or {}
        done = (operation.get("progress") or {}).get("percent") or 0
        step = f": {operation['step']}" if operation.get("step") else ""
        percent = (100 * number + done) // len(LEGS)
        arrived = not operation and not node["target_provision_state"] and state == goal
        if not (arrived and goal == LEGS[-1][1]):
            progress.show(name, f"{state}{step}", percent, ended=False, ok=True)
        if arrived:
            return
        if not operation and state != goal:
            raise RuntimeError(f"ended in '{state}': {node['last_error']}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"still '{state}' after {_LIMIT_SECONDS:.0f} s; see the logs")
        time.sleep(_LOOK_SECONDS)


class _Shared:
    """One display for several threads."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._lock = threading.Lock()

    def show(self, name: str, text: str, percent: int | None, *, ended: bool, ok: bool) -> None:
        """Show what one machine does."""
        with self._lock:
            self._progress.show(name, text, percent, ended=ended, ok=ok)


@contextmanager
def _shared_progress(out: IO[str]) -> Iterator[_Shared]:
    with open_progress(out, quiet=False) as progress:  # type: ignore[arg-type]
        yield _Shared(progress)


def how_to_use(rack: Rack) -> str:
    """What to type to go on with a rack that was left running."""
    commands = Path(sys.executable).parent
    return f"""
It goes on running. To use it:
  export OS_CLIENT_CONFIG_FILE={rack.clouds} OS_CLOUD=baremetal
  {commands}/baremetal node list
  {commands}/baremetal node undeploy sim-0 --wait
  {commands}/openstack baremetal node list
To end it: kill $(cat {rack.directory}/pids)   (logs are beside that file)
"""


if __name__ == "__main__":
    sys.exit(main())
