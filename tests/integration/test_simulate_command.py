"""The command that runs a fleet, as a process."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import yaml

from tests.integration.simulated_rack import (
    IPMITOOL,
    NO_API,
    free_ports,
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
    port = free_ports(3)
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


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text("generate: [{count: 1, bmc: {prot: 1}}]")
    for arguments, complaint in (
        ((str(path),), "generate[0].bmc: unknown field 'prot'; did you mean port?"),
        ((str(path), "--seed", "1"), "--seed has no meaning beside"),
        (("--machines", "0"), "options.generate[0].count: must be an integer from 1"),
    ):
        process = simulate(*arguments)
        output, errors = process.communicate(timeout=30)
        assert (process.returncode, output) == (1, "")
        assert complaint in errors
        assert "Traceback" not in errors
