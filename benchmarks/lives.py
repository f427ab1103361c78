"""How long it takes from racks to active machines: enrolled, verified, cleaned, deployed.

    python benchmarks/lives.py                                  200 machines on a plane of its own
    python benchmarks/lives.py --machines 10000 --json FILE
    python benchmarks/lives.py --kill plane --at 0.3            kill -9 when 30 % are active
    python benchmarks/lives.py --url URL --os-cloud NAME --kill 4711

Each machine has its BMC on the wire and boots an agent twice, once to be cleaned and once to be
deployed. The exit status is 1 if one of them does not become active. A plane by its URL limits
deploys to 50 per conductor, unless configured otherwise.
"""

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
from measured_plane import Getter, Plane, each, enrol, insist, parser, rack, report

_CONFIGURATION = """[conductor]
max_per_conductor = provide:1000,deploy:1000
agent_report_interval = 2
power_sync_interval = 60
workers = {workers}
"""
_IMAGE = {
    "image_source": "http://images.example.org/debian-12.raw",
    "image_checksum": "d41d8cd98f00b204e9800998ecf8427e",
    "image_size_mb": 2048,
}
#: What to ask of a node in a state.
_VERBS = {"manageable": "provide", "available": "active"}
_LOST = ("enroll", "clean failed", "deploy failed", "error")
_LOOK_SECONDS = 2.0
#: Of the time: a look lists all nodes, and shall not become what is measured.
_LOOK_SHARE = 0.1


class Progress:
    """Drives all nodes from state to state, and tells how far they are."""

    def __init__(self, options: argparse.Namespace, plane: Plane) -> None:
        self._options = options
        self._plane = plane
        self._begun = time.monotonic()
        self._asked: set[tuple[str, str]] = set()
        self.killed_at: float | None = None
        self.look_seconds = 0.0
        self.states: Counter[str] = Counter()
        self.reached: dict[str, float] = {}

    def look(self) -> bool:
        """Look once, and ask for what is next; whether any machine is still on its way."""
        fields = ("uuid", "provision_state", "last_error")
        begun = time.monotonic()
        nodes = self._plane.nodes(*fields)
        self.look_seconds = time.monotonic() - begun
        self.states = Counter(node["provision_state"] for node in nodes)
        next_ones = [
            (node["uuid"], _VERBS[node["provision_state"]])
            for node in nodes
            if node["provision_state"] in _VERBS
        ]
        new = [one for one in next_ones if one not in self._asked]
        each(self._ask, new)
        self._asked.update(new)
        lost = sum(node["provision_state"] in _LOST and bool(node["last_error"]) for node in nodes)
        self._note_milestones()
        return self.states["active"] + lost < self._options.machines

    def _ask(self, one: tuple[str, str]) -> None:
        uuid, verb = one
        insist(lambda: self._plane.client.nodes.provision(uuid, verb))

    def _note_milestones(self) -> None:
        seconds = time.monotonic() - self._begun
        for percent in (1, 50, 90, 99, 100):
            if 100 * self.states["active"] >= percent * self._options.machines:
                self.reached.setdefault(f"active_{percent}_percent_s", round(seconds, 1))
        told = ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()))
        print(f"\r{seconds:6.0f} s: {told}\033[K", end="", flush=True, file=sys.stderr)
        due = self.states["active"] >= self._options.at * self._options.machines
        if self._options.kill and due and self.killed_at is None:
            self.killed_at = round(seconds, 1)
            self._kill()

    def _kill(self) -> None:
        if self._options.kill == "plane":
            self._plane.crash()
        else:
            process = psutil.Process(int(self._options.kill))
            for one in (process, *process.children(recursive=True)):
                one.kill()


def measure(options: argparse.Namespace, directory: Path) -> dict[str, Any]:
    """The figures."""
    plane = Plane(options, directory, _CONFIGURATION.format(workers=options.workers))
    started = plane.process.cpu_seconds if plane.process is not None else 0.0
    faults = {"boot_seconds": {"normal": [60, 10]}, "write_mib_per_second": {"normal": [400, 50]}}
    try:
        with rack(options, directory, plane.url, faults) as (fleet, machines):
            before = fleet.cpu_seconds
            progress, getter = Progress(options, plane), Getter(plane)
            begun = time.monotonic()
            uuids: list[str] = []
            # The first are on their way while the last are not yet enrolled.
            enrolling = threading.Thread(
                target=lambda: uuids.extend(enrol(plane, machines, instance_info=_IMAGE))
            )
            enrolling.start()
            while not plane.nodes("uuid"):
                time.sleep(0.1)
            first = plane.nodes("uuid")[0]["uuid"]
            with getter.at_work([first]):
                while progress.look() or enrolling.is_alive():
                    time.sleep(max(_LOOK_SECONDS, progress.look_seconds / _LOOK_SHARE))
            seconds = time.monotonic() - begun
            print(file=sys.stderr)
            enrolling.join()
            spent = fleet.cpu_seconds - before
            figures = _figures(options, (fleet, spent), seconds, progress)
            # What a plane that was killed has used, is not known any more.
            if plane.process is not None and progress.killed_at is None:
                used = plane.process.cpu_seconds - started
                figures["plane_cpu_ms_per_life"] = round(1000 * used / options.machines, 1)
                figures["plane_mib"] = round(plane.process.mib)
            return figures | getter.figures()
    finally:
        plane.stop()


def _figures(
    options: argparse.Namespace,
    fleet: tuple[Any, float],
    seconds: float,
    progress: Progress,
) -> dict[str, Any]:
    active = progress.states["active"]
    figures: dict[str, Any] = {
        "benchmark": "lives",
        "machines": options.machines,
        "active": active,
        "success_percent": round(100 * active / options.machines, 3),
        "seconds": round(seconds, 1),
        "machines_per_minute": round(60 * active / seconds, 1),
        **progress.reached,
        "killed_at_s": progress.killed_at,
        "simulator_cpu_ms_per_life": round(1000 * fleet[1] / options.machines, 1),
        "simulator_mib": round(fleet[0].mib),
    }
    return figures


def main() -> int:
    """Measure and report."""
    made = parser(__doc__, machines=200, speed=60)
    made.add_argument(
        "--kill", help="kill -9 this pid and its children on the way, or `plane`, which starts anew"
    )
    made.add_argument("--at", type=float, default=0.3, help="share of active machines to kill at")
    made.add_argument("--workers", type=int, default=16, help="of a plane of our own")
    options = made.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        figures = measure(options, Path(directory))
        report(figures, options)
    return 0 if figures["active"] == options.machines else 1


if __name__ == "__main__":
    sys.exit(main())
