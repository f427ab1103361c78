"""The command that runs a fleet, as a process."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from devstack.ports import free_udp_ports
from tests.integration.simulated_rack import (
    IPMITOOL,
    NO_API,
    needs_ipmitool,
)

ROOT = Path(__file__).parents[2]
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
    port = free_udp_ports(3)
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


def _answers(port: int) -> bool:
    """Whether a BMC answers a ping (ASF 2.0, 3.2.4.2) at this port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.settimeout(0.2)
        wire.connect(("127.0.0.1", port))
        with contextlib.suppress(OSError):
            wire.send(bytes.fromhex("0600ff06000011be80000000"))
            return bool(wire.recv(100))
        return False


def _children(process: "subprocess.Popen[str]") -> list[int]:
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(pid) for pid in path.read_text().split()]


@pytest.mark.parametrize("end", ["told", "part killed", "all but parts killed"])
def test_processes_share_a_fleet_and_end_together(end: str) -> None:
    port = free_udp_ports(7)
    process = simulate(
        *("--machines", "7", "--bmc-port", str(port), "--api", NO_API),
        *("--processes", "3", "--speed", "60"),
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready 7 machines\n"
        children = _children(process)
        assert len(children) == 3
        assert all(_answers(port + number) for number in range(7))
        if end == "told":
            process.send_signal(signal.SIGTERM)
        else:
            os.kill(process.pid if end.startswith("all") else children[1], signal.SIGKILL)
        _, errors = process.communicate(timeout=60)
        status = {"told": 0, "part killed": 1}.get(end, -signal.SIGKILL)
        assert process.returncode == status, errors
        said = f"process {children[1]} of the fleet has ended by signal 9"
        assert (said in errors) == (end == "part killed")
        deadline = time.monotonic() + 60
        while any(_answers(port + number) for number in range(7)):
            assert time.monotonic() < deadline, "a part of the fleet lives on"
    finally:
        process.kill()
        process.communicate()


def test_a_port_that_is_taken_ends_all_processes() -> None:
    port = free_udp_ports(4)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
        thief.bind(("127.0.0.1", port + 2))
        process = simulate("--machines", "4", "--bmc-port", str(port), "--processes", "2")
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (1, "")
    assert f"the BMC of sim-2 cannot listen on 127.0.0.1:{port + 2}" in errors
    assert "Traceback" not in errors


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text("generate: [{count: 1, bmc: {prot: 1}}]")
    faults = tmp_path / "faults.yaml"
    faults.write_text("faults: [{share: 0.1, fault: hang}]")
    for arguments, complaint in (
        ((str(path),), "generate[0].bmc: unknown field 'prot'; did you mean port?"),
        ((str(path), "--seed", "1"), "--seed has no meaning beside"),
        ((str(path), "--faults", str(faults)), "--faults has no meaning beside"),
        (("--faults", str(faults)), f"{faults}.faults[0].fault: must be one of hung, garbage"),
        (("--machines", "0"), "options.count: must be an integer from 1"),
    ):
        process = simulate(*arguments)
        output, errors = process.communicate(timeout=30)
        assert (process.returncode, output) == (1, "")
        assert complaint in errors
        assert "Traceback" not in errors
