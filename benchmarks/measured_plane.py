"""What the benchmarks of a whole plane share: its processes, its clients, and a stopwatch.

A plane is our own, `baremetal up` on SQLite, or any other by its URL: what `OS_CLOUD` or
`--os-cloud` of clouds.yaml names is then how to identify there, nothing if nothing is named.
"""

import argparse
import csv
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml

from baremetal.client import Client, connect
from baremetal.client.errors import ClientError, Conflict, Unreachable

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 1024**2
_START_SECONDS = 300.0
_AT_ONCE = 16
_PAGE = 1000
_AGAIN_SECONDS = 0.5
_LOOK_SECONDS = 3.0


class Process:
    """One of our commands, and what the kernel says of it and its children."""

    def __init__(self, directory: Path, *words: str) -> None:
        self.log = directory / f"{words[0]}.log"
        command = [sys.executable, "-m", "baremetal.cmd.main", *words]
        with self.log.open("a") as log:
            begin = log.tell()
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        self.ready = self._await_ready(begin)

    def _await_ready(self, begin: int) -> str:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            for line in self.log.read_text()[begin:].splitlines():
                if line.startswith("ready "):
                    return line
            time.sleep(0.1)
        raise SystemExit(f"did not become ready:\n{self.log.read_text()[-2000:]}")

    @property
    def cpu_seconds(self) -> float:
        """User and system time so far, of all its processes."""
        return sum(map(_cpu_seconds, self._pids))

    @property
    def mib(self) -> float:
        """Resident memory now, of all its processes."""
        return sum(map(_mib, self._pids))

    @property
    def _pids(self) -> list[int]:
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]

    def kill(self) -> None:
        """End it as a crash would."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it in order."""
        self._process.terminate()
        self._process.wait(120)


def _cpu_seconds(pid: int) -> float:
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / _TICKS


def _mib(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_MIB


class Plane:
    """The plane that is measured."""

    def __init__(self, options: argparse.Namespace, directory: Path, configuration: str) -> None:
        self._directory = directory
        self._cloud: str | None = options.os_cloud
        self._own = threading.local()
        self._config = directory / "plane.conf"
        self._config.write_text(configuration)
        # So that what was started is stopped, however the measurement ends.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        #: What is measured of it; None where it is not ours.
        self.process: Process | None = None
        if options.url:
            self.url = str(options.url).rstrip("/")
        else:
            # None that the kernel would give to one of our clients while the plane is down.
            self._start(str(random.randrange(20000, 32000)))
            assert self.process is not None
            self.url = f"{self.process.ready.split()[1]}/baremetal"

    def _start(self, port: str) -> None:
        words = ["up", "--state-dir", str(self._directory / "state"), "--port", port]
        words += ["--auth", "none", "--config-file", str(self._config)]
        self.process = Process(self._directory, *words)

    def crash(self) -> None:
        """Kill our own plane, and start it again where it was."""
        if self.process is None:
            raise SystemExit("only a plane of our own can be killed by name; give a pid")
        self.process.kill()
        self._start(self.url.rpartition(":")[2].partition("/")[0])

    @property
    def client(self) -> Client:
        """This thread's."""
        if not hasattr(self._own, "client"):
            self._own.client = connect(self._cloud, self.url)
        made: Client = self._own.client
        return made

    def nodes(self, *fields: str) -> list[dict[str, Any]]:
        """All nodes, with these fields."""
        params = {"fields": ",".join(fields), "limit": _PAGE}
        return list(self.client.transport.pages("/v1/nodes", "nodes", params))

    def stop(self) -> None:
        """End it, if it is ours."""
        if self.process is not None:
            self.process.stop()


def each(do: Callable[[Any], Any], items: Iterable[Any], at_once: int = _AT_ONCE) -> list[Any]:
    """What `do` returns for all items, several at a time."""
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(do, items))


def enrol(plane: Plane, machines: list[dict[str, Any]], **more: Any) -> list[str]:
    """Uuids of new nodes with their ports, all of them being verified."""

    def one(machine: dict[str, Any]) -> str:
        body = {key: value for key, value in machine.items() if key != "ports"}
        client, uuid = plane.client, str(uuid4())
        insist(lambda: client.nodes.create({**body, **more, "uuid": uuid}))
        for port in machine["ports"]:
            new = {**port, "node_uuid": uuid}
            insist(lambda new=new: client.ports.create(new))
        insist(lambda: client.nodes.provision(uuid, "manage"))
        return uuid

    return each(one, machines)


def insist(ask: Callable[[], Any]) -> None:
    """Ask until there is an answer; a conflict says that an earlier try was heard."""
    tried = False
    while True:
        try:
            ask()
            return
        except Unreachable:
            tried = True
            time.sleep(_AGAIN_SECONDS)
        except Conflict:
            if not tried:
                raise
            return


def come_to(plane: Plane, state: str, count: int) -> None:
    """Return when so many nodes have come to a state."""
    there = 0
    while there < count:
        time.sleep(_LOOK_SECONDS)
        states = [node["provision_state"] for node in plane.nodes("provision_state")]
        there = states.count(state)
        print(f"\r{there} of {count} {state}  ", end="", flush=True, file=sys.stderr)
    print(file=sys.stderr)


class Getter:
    """Reads a node by GET every so often, beside all else, and times it."""

    def __init__(self, plane: Plane, every: float = 0.05) -> None:
        self._plane = plane
        self._every = every
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._milliseconds: list[float] = []
        self.failures = 0

    @contextmanager
    def at_work(self, uuids: list[str]) -> Iterator[None]:
        """Read these nodes until the end of the block."""
        self._uuids = uuids
        self._thread.start()
        try:
            yield
        finally:
            self._ended.set()
            self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._every):
            path = f"/v1/nodes/{random.choice(self._uuids)}"
            begun = time.perf_counter()
            try:
                self._plane.client.transport.request("GET", path)
            except ClientError:
                # One that is killed on the way answers nothing for a moment.
                self.failures += 1
                continue
            self._milliseconds.append((time.perf_counter() - begun) * 1000)

    def figures(self) -> dict[str, Any]:
        """How many there were, and how long they took."""
        cuts = statistics.quantiles(self._milliseconds, n=100)
        return {
            "gets": len(self._milliseconds),
            "get_failures": self.failures,
            "get_p50_ms": round(cuts[49], 2),
            "get_p95_ms": round(cuts[94], 2),
            "get_p99_ms": round(cuts[98], 2),
        }


@contextmanager
def rack(options: argparse.Namespace, directory: Path, url: str, faults: dict[str, Any]) -> Any:
    """(simulator, what enrols its machines) until the end of the block."""
    path = directory / "faults.yaml"
    path.write_text(yaml.safe_dump(faults))
    words = ["simulate", "--machines", str(options.machines), "--seed", str(options.seed)]
    words += ["--bmc-address", options.bmc_address, "--faults", str(path), "--api", url]
    words += ["--speed", str(options.speed), "--enrolment", str(directory / "nodes.yaml")]
    fleet = Process(directory, *words)
    try:
        text = (directory / "nodes.yaml").read_text()
        yield fleet, yaml.load(text, yaml.CSafeLoader)["nodes"]
    finally:
        fleet.stop()


def parser(document: str | None, machines: int, speed: float) -> argparse.ArgumentParser:
    """The options that all of them have."""
    made = argparse.ArgumentParser(description=(document or "").partition("\n")[0])
    add = made.add_argument
    add("--machines", type=int, default=machines)
    add("--seed", type=int, default=7)
    add("--speed", type=float, default=speed, help="of the machines' time (%(default)s)")
    add("--bmc-address", default="127.0.0.79", help="where the simulated BMCs are (%(default)s)")
    add("--url", help="of a plane that runs already, up to and with its prefix")
    add("--os-cloud", help="entry of clouds.yaml that says how to identify there")
    add("--json", type=Path, help="also write the figures here")
    add("--csv", type=Path, help="append the figures here, for plot_scale.py")
    return made


def report(figures: dict[str, Any], options: argparse.Namespace) -> None:
    """Print the figures, and write them where asked to."""
    figures["load_average"] = os.getloadavg()[1]
    text = json.dumps(figures, indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")
    if options.csv:
        with options.csv.open("a", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            for name, value in figures.items():
                if isinstance(value, int | float) and name != "machines":
                    rows.writerow([figures["benchmark"], figures["machines"], name, value])
