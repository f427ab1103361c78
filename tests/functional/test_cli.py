"""The `baremetal` command against the real service and simulated machines, as a person uses it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from devstack.ports import free_udp_ports
from tests.support.plane import PlaneProcess

pytestmark = pytest.mark.slow

_BAREMETAL = (sys.executable, "-m", "baremetal.cmd.main")
_IMAGE = ("--image", "http://images.example/x", "--checksum", "0" * 32)


_BMC_PORT = free_udp_ports(3)


class Result:
    """What a command left behind."""

    def __init__(self, done: "subprocess.CompletedProcess[str]") -> None:
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def json(self) -> Any:
        assert self.code == 0, self.out + self.err
        return json.loads(self.out)

    def lines(self) -> list[str]:
        assert self.code == 0, self.out + self.err
        return self.out.splitlines()


Run = Callable[..., Result]


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlaneProcess]:
    """A plane of our own: what is asked of all nodes in a state must not meet others' nodes."""
    with PlaneProcess(tmp_path_factory.mktemp("plane"), auth="basic") as running:
        yield running


@pytest.fixture(scope="module")
def run(plane: PlaneProcess) -> Run:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
    environment = {**kept, "OS_CLIENT_CONFIG_FILE": str(plane.clouds), "OS_CLOUD": "baremetal"}

    def run_command(*words: str, stdin: str = "", **changes: str) -> Result:
        done = subprocess.run(
            [*_BAREMETAL, *words],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env=environment | changes,
            timeout=120,
        )
        return Result(done)

    return run_command


@pytest.fixture(scope="module")
def enrolment(plane: PlaneProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file that enrols three simulated machines; they run."""
    file = tmp_path_factory.mktemp("fleet") / "enrolment.yaml"
    options = ("--machines", "3", "--bmc-port", str(_BMC_PORT), "--boot-seconds", "0.2")
    files = ("--api", plane.url, "--enrolment", str(file))
    command = [*_BAREMETAL, "simulate", *options, *files]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as fleet:
        watchdog = threading.Timer(60, fleet.kill)
        watchdog.start()
        assert fleet.stdout is not None
        assert any(line.startswith("ready ") for line in fleet.stdout)
        watchdog.cancel()
        yield file
        fleet.send_signal(signal.SIGTERM)


def test_machines_go_from_a_file_to_active_and_back(run: Run, enrolment: Path) -> None:
    created = run("node", "create", str(enrolment), "-f", "json")
    names = [row["name"] for row in created.json()]
    again = run("node", "create", str(enrolment), "--skip-existing", "-f", "json").json()
    assert {row["result"] for row in again} == {"exists"}

    for verb, state, success in (
        ("manage", "enroll", "manageable"),
        ("inspect", "manageable", "manageable"),
        ("provide", "manageable", "available"),
    ):
        done = run("node", verb, "--all-in", state, "--wait", "60", "-f", "json")
        assert {row["provision_state"] for row in done.json()} == {success}
    run("node", "inventory", "show", names[0], "-f", "json").json()["memory"]

    deployed = run("node", "deploy", *names, *_IMAGE, "--wait", "60", "-f", "json")
    assert {row["provision_state"] for row in deployed.json()} == {"active"}
    assert "write_image" in deployed.err

    why = run("node", "why", names[0], "-f", "json").json()
    assert why["provision_state"] == "active"
    status = run("status", "-f", "json").json()
    assert status["by_state"]["active"] == 3
    finished = run("operation", "list", "--kind", "deploy", "-f", "json").json()
    assert {row["state"] for row in finished} == {"succeeded"}

    released = run("node", "undeploy", *names, "--wait", "60", "-f", "json")
    assert {row["provision_state"] for row in released.json()} == {"available"}


def test_a_wait_outlives_the_service(run: Run, enrolment: Path, plane: PlaneProcess) -> None:
    run("node", "create", str(enrolment), "--skip-existing").lines()
    run("node", "manage", "--all-in", "enroll", "--wait", "60").lines()
    run("node", "provide", "--all-in", "manageable", "--wait", "60").lines()
    name = run("node", "list", "--limit", "1", "-f", "value", "-c", "name").lines()[0]

    def crash() -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if run("operation", "list", "--kind", "deploy", "--state", "waiting").out.strip():
                break
        plane.kill()
        plane.start()

    crashing = threading.Thread(target=crash)
    crashing.start()
    deployed = run("node", "deploy", name, *_IMAGE, "--wait", "100", "-f", "json")
    crashing.join()
    assert deployed.json()[0]["provision_state"] == "active"


def test_a_wrong_password_of_a_bmc_is_told_with_the_way_out(run: Run, enrolment: Path) -> None:
    words = ("--driver", "ipmi", "--name", "locked", "--driver-info", "ipmi_address=127.0.0.1")
    secret = ("--driver-info", f"ipmi_port={_BMC_PORT}", "--driver-info", "ipmi_username=admin")
    password = ("--driver-info", "ipmi_password=-")
    made = run("node", "create", *words, *secret, *password, stdin="wrong\n")
    made.lines()
    assert "wrong" not in run("node", "show", "locked").out
    done = run("node", "manage", "locked", "--wait", "60", "-f", "json")
    assert done.code == 1
    row = json.loads(done.out)[0]
    assert row["result"] == "failed"
    assert "password" in row["details"].lower()
    told = run("node", "why", "locked", "-f", "json").json()
    assert "node set locked --driver-info" in told["next"]


def test_records_are_written_and_read(run: Run) -> None:
    chassis = run("chassis", "create", "--description", "rack", "-f", "json").json()["uuid"]
    made = run("node", "create", "--driver", "fake-hardware", "--name", "f", "--chassis", chassis)
    made.lines()
    assert run("node", "set", "f", "--property", "cpus=4", "--extra", "a=b").lines()
    run("node", "trait", "add", "f", "CUSTOM_A", "CUSTOM_B").lines()
    run("node", "maintenance", "set", "f", "--reason", "a fan").lines()
    run("port", "create", "52:54:ff:00:00:01", "--node", "f").lines()
    shown = run("node", "show", "f", "-f", "json").json()
    assert shown["properties"] == {"cpus": 4}
    assert shown["traits"] == ["CUSTOM_A", "CUSTOM_B"]
    assert shown["maintenance_reason"] == "a fan"
    listed = run("port", "list", "--node", "f", "-f", "value", "-c", "address")
    assert listed.lines() == ["52:54:ff:00:00:01"]
    run("node", "unset", "f", "--property", "cpus", "--chassis").lines()
    validated = run("node", "validate", "f", "-f", "json").json()
    assert next(row for row in validated if row["interface"] == "power")["result"] is True
    run("node", "delete", "f").lines()
    run("chassis", "delete", chassis).lines()
    assert run("node", "show", "f").code == 1


def test_who_may_come_in(run: Run, plane: PlaneProcess, tmp_path: Path) -> None:
    wrong = tmp_path / "clouds.yaml"
    assert plane.credentials is not None
    password = plane.credentials[1]
    wrong.write_text(plane.clouds.read_text().replace(password, "wrong"))
    refused = run("node", "list", OS_CLIENT_CONFIG_FILE=str(wrong))
    assert refused.code == 3
    assert "OS_CLOUD" in refused.err
    assert password not in refused.err
