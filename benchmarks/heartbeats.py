"""How quickly the API answers while very many machines send heartbeats.

    python benchmarks/heartbeats.py                        1,000 machines, a heartbeat a minute each
    python benchmarks/heartbeats.py --machines 10000 --json FILE
    python benchmarks/heartbeats.py --url http://127.0.0.1:6385/baremetal --os-cloud baremetal

Every machine boots an agent for its cleaning, whose first step never ends; so it goes on telling
how far it is. Then, for --seconds, nodes are read by GET, one after another.

A plane by its URL needs `max_per_conductor = provide:N` for N machines, a long
`agent_boot_timeout` and `agent_report_interval = 60`; ours has them.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from measured_plane import Getter, Plane, come_to, each, enrol, parser, rack, report

_CONFIGURATION = """[conductor]
max_per_conductor = provide:{machines}
agent_report_interval = {every}
agent_boot_timeout = 86400
agent_silence_timeout = 3600
power_sync_interval = {sync}
"""
#: A step that lasts a year.
_ENDLESS = {"step_seconds": 3e7}
_LOOK_SECONDS = 3.0


def heartbeating(plane: Plane, count: int) -> None:
    """Return when every node's agent has been heard of."""
    heard = 0
    while heard < count:
        time.sleep(_LOOK_SECONDS)
        operations = plane.client.transport.pages(
            "/v1/operations", "operations", {"state": "waiting", "limit": 1000}
        )
        heard = sum(bool(one["progress"]["message"]) for one in operations)
        print(f"\r{heard} of {count} heard of  ", end="", flush=True, file=sys.stderr)
    print(file=sys.stderr)


def measure(options: argparse.Namespace, directory: Path) -> dict[str, Any]:
    """The figures."""
    configuration = _CONFIGURATION.format(**vars(options))
    plane = Plane(options, directory, configuration)
    try:
        with rack(options, directory, plane.url, _ENDLESS) as (fleet, machines):
            begun = time.monotonic()
            uuids = enrol(plane, machines)
            come_to(plane, "manageable", len(uuids))
            managed = time.monotonic()
            each(lambda uuid: plane.client.nodes.provision(uuid, "provide"), uuids)
            come_to(plane, "clean wait", len(uuids))
            heartbeating(plane, len(uuids))
            booted = time.monotonic()
            return {
                "benchmark": "heartbeats",
                "machines": len(uuids),
                "heartbeats_per_s": round(len(uuids) / options.every, 1),
                "enrol_seconds": round(managed - begun, 1),
                "boot_seconds": round(booted - managed, 1),
                **_watched(options, plane, fleet, uuids),
            }
    finally:
        plane.stop()


def _watched(options: argparse.Namespace, plane: Plane, fleet: Any, uuids: list[str]) -> Any:
    parts = {"simulator": fleet}
    if plane.process is not None:
        parts["plane"] = plane.process
    before = {name: part.cpu_seconds for name, part in parts.items()}
    getter = Getter(plane)
    with getter.at_work(uuids):
        time.sleep(options.seconds)
    figures = getter.figures()
    for name, part in parts.items():
        figures[f"{name}_cores"] = round((part.cpu_seconds - before[name]) / options.seconds, 3)
        figures[f"{name}_mib"] = round(part.mib)
    return figures


def main() -> int:
    """Measure and report."""
    made = parser(__doc__, machines=1000, speed=60)
    made.add_argument("--every", type=float, default=60, help="seconds between two heartbeats")
    made.add_argument("--seconds", type=float, default=60, help="how long to look")
    made.add_argument("--sync", type=int, default=60, help="seconds between power syncs, 0: none")
    options = made.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        report(measure(options, Path(directory)), options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
