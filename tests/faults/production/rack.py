"""Simulated machines in a process of their own, and their way through a life."""

import sys
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from devstack.daemon import Daemon
from devstack.ports import free_udp_ports
from tests.faults.production.storm import SEED, Caller, at_once

_START_SECONDS = 60.0
_IMAGE = {"image_source": "http://images.example.org/debian-12.raw", "image_size_mb": 2048}
#: Real seconds for each second of a machine's own time.
_SCALE = 0.1


class Rack:
    """`baremetal simulate`, and the nodes that stand for its machines."""

    def __init__(self, home: Path, api: str, machines: int) -> None:
        self._home, self._api, self._count = home, api, machines
        self._daemon = Daemon("simulate", home)
        self.nodes: list[str] = []

    def __enter__(self) -> Self:
        said = self._home / "simulate.log"
        self._daemon.start(
            [
                *(sys.executable, "-m", "baremetal.cmd.main", "simulate"),
                *("--machines", str(self._count), "--seed", str(SEED), "--api", self._api),
                *("--bmc-port", str(free_udp_ports(self._count)), "--time-scale", str(_SCALE)),
                *("--enrolment", str(self._home / "nodes.yaml")),
            ]
        )
        self._daemon.wait_for(lambda: "ready " in said.read_text(), _START_SECONDS)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._daemon.stop(10)

    def bring_to_available(self, caller: Caller) -> None:
        """Enrol all machines, and make them available."""
        machines = yaml.safe_load((self._home / "nodes.yaml").read_text())["nodes"]
        self.nodes = at_once(lambda machine: _enrol(caller, machine), machines)
        for verb, goal in (("manage", "manageable"), ("provide", "available")):
            at_once(partial(caller.want, verb=verb, goal=goal), self.nodes)
            at_once(partial(caller.reach, goal=goal), self.nodes)


def _enrol(caller: Caller, machine: dict[str, Any]) -> str:
    body = {key: value for key, value in machine.items() if key != "ports"}
    node = caller.enrol({**body, "instance_info": _IMAGE})
    for port in machine["ports"]:
        caller.insist("POST", "ports", {**port, "node_uuid": node})
    return node
