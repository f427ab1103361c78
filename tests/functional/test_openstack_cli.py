"""`openstack baremetal`, unchanged, does what its users type, with HTTP basic authentication.

The command takes a second or two to start, so its shell runs in this process; one test
starts the real thing.
"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ironicclient.common.http
import ironicclient.v1.utils
import pytest
from openstackclient.shell import OpenStackShell

from tests.support.plane import PlaneProcess

#: The clients warn of their libraries' future.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

_WAIT = ("--wait", "20")


class Told:
    """What a command said, and how it ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def __bool__(self) -> bool:
        return self.code == 0

    def json(self) -> Any:
        assert self, self.err
        return json.loads(self.out)


Run = Callable[..., Told]


@pytest.fixture(scope="module", autouse=True)
def _is_quick() -> Iterator[None]:
    """Let ``--wait`` look again after 20 ms rather than 10 s, and give up at the first refusal."""
    with pytest.MonkeyPatch.context() as patch:
        for arguments in ironicclient.v1.utils.PROVISION_ACTIONS.values():
            if arguments is not None:
                patch.setitem(arguments, "poll_interval", 0.02)
        # It repeats what is refused with 409, without looking why.
        patch.setattr(ironicclient.common.http, "_RETRY_EXCEPTIONS", ())
        yield


@pytest.fixture
def openstack(
    guarded_plane: PlaneProcess,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Run:
    """`openstack baremetal WORDS`, as its users run it."""
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(guarded_plane.clouds))
    monkeypatch.setenv("OS_CLOUD", "baremetal")

    def run(*words: str) -> Told:
        root = logging.getLogger()
        before, level = root.handlers[:], root.level
        capfd.readouterr()
        try:
            code = OpenStackShell().run(["baremetal", *words])
        except SystemExit as end:  # argparse
            code = int(end.code or 0)
        finally:
            root.handlers[:], root.level = before, level
        return Told(code, *capfd.readouterr())

    return run


@pytest.fixture
def shown(openstack: Run) -> Callable[..., Any]:
    """The same, for what is shown as JSON."""

    def run(*words: str) -> Any:
        return openstack(*words, "-f", "json").json()

    return run


@pytest.fixture
def node(openstack: Run, shown: Callable[..., Any]) -> Iterator[str]:
    """The name of a new node."""
    words = ("--driver", "fake-hardware", "--name", "cli-node", "--resource-class", "small")
    assert openstack("node", "create", *words, "--property", "memory_mb=4096")
    yield "cli-node"
    if openstack("node", "show", "cli-node"):
        assert openstack("node", "maintenance", "set", "cli-node")
        assert openstack("node", "delete", "cli-node")


def test_the_real_command_lists_nodes(guarded_plane: PlaneProcess, node: str) -> None:
    clouds = {"OS_CLIENT_CONFIG_FILE": str(guarded_plane.clouds), "OS_CLOUD": "baremetal"}
    done = subprocess.run(
        [Path(sys.executable).with_name("openstack"), "baremetal", "node", "list", "-f", "json"],
        env={**os.environ, **clouds},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)
    assert (found["name"], found["provision_state"]) == (node, "enroll")


def test_nodes_are_shown_set_and_unset(
    openstack: Run, shown: Callable[..., Any], node: str
) -> None:
    assert shown("node", "list", "--fields", "name", "driver") == [
        {"name": node, "driver": "fake-hardware"}
    ]
    (listed,) = shown("node", "list", "--long", "--resource-class", "small", "--no-maintenance")
    assert listed["properties"] == {"memory_mb": 4096}
    assert openstack(
        *("node", "set", node, "--extra", "rack=r1", "--property", "cpus=8"),
        *("--description", "first", "--owner", "me", "--instance-info", "image_source=http://i/x"),
    )
    seen = shown("node", "show", node)
    assert seen["extra"] == {"rack": "r1"}
    assert seen["properties"] == {"memory_mb": 4096, "cpus": 8}
    assert (seen["description"], seen["owner"]) == ("first", "me")
    assert openstack("node", "unset", node, "--extra", "rack", "--property", "cpus", "--owner")
    seen = shown("node", "show", node, "--fields", "extra", "properties", "owner")
    assert seen == {"extra": {}, "properties": {"memory_mb": 4096}, "owner": None}
    assert openstack("node", "set", node, "--driver", "ipmi", "--reset-interfaces")
    assert shown("node", "show", node)["power_interface"] == "ipmi"


def test_a_node_is_taken_through_its_life(
    openstack: Run, shown: Callable[..., Any], node: str
) -> None:
    def state() -> Any:
        return shown("node", "show", node)["provision_state"]

    for verb, reached in (
        ("manage", "manageable"),
        ("inspect", "manageable"),
        ("provide", "available"),
        ("deploy", "active"),
        ("rebuild", "active"),
        ("undeploy", "available"),
        ("manage", "manageable"),
        ("adopt", "active"),
    ):
        done = openstack("node", verb, node, *_WAIT)
        assert done, (verb, done.err)
        assert "Could not decode" not in done.err
        assert state() == reached
    assert openstack("node", "rescue", node, *_WAIT, "--rescue-password", "let me in")
    assert openstack("node", "unrescue", node, *_WAIT)
    service = '[{"interface": "deploy", "step": "test_memory"}]'
    assert openstack("node", "service", node, *_WAIT, "--service-steps", service)
    assert openstack("node", "inventory", "save", node).json()["inventory"]
    assert shown("node", "history", "list", node) == []

    refused = openstack("node", "provide", node)
    assert refused.code == 1
    assert 'The requested action "provide" can not be performed' in refused.err
    refused = openstack("node", "delete", node)
    assert refused.code == 1
    assert "while it is in provision state" in refused.err


def test_clean_takes_steps_from_a_file(openstack: Run, node: str, tmp_path: Path) -> None:
    steps = tmp_path / "steps.json"
    steps.write_text('[{"interface": "deploy", "step": "erase_devices"}]')
    assert openstack("node", "manage", node, *_WAIT)
    assert openstack("node", "clean", node, *_WAIT, "--clean-steps", str(steps))
    refused = openstack("node", "clean", node, "--clean-steps", '[{"step": "x"}]')
    assert "clean_steps" in refused.err
    assert "interface must be" in refused.err


def test_power_goes_on_off_and_round(openstack: Run, shown: Callable[..., Any], node: str) -> None:
    assert openstack("node", "manage", node, *_WAIT)
    for words, target in (
        (("power", "on", node), "power on"),
        (("power", "off", node, "--soft", "--power-timeout", "5"), "power off"),
        (("reboot", node), "power on"),
    ):
        done = openstack("node", *words)
        assert done, done.err
        assert "Could not decode" not in done.err
        _until(lambda: shown("node", "show", node)["target_power_state"] is None)
        assert shown("node", "show", node)["power_state"] == target


def _until(there: Callable[[], bool]) -> None:
    for _ in range(200):
        if there():
            return
    pytest.fail("it did not come about in 200 looks")


def test_maintenance_and_validation(openstack: Run, shown: Callable[..., Any], node: str) -> None:
    assert openstack("node", "maintenance", "set", node, "--reason", "fan is loud")
    seen = shown("node", "show", node)
    assert (seen["maintenance"], seen["maintenance_reason"]) == (True, "fan is loud")
    assert len(shown("node", "list", "--maintenance")) == 1
    assert openstack("node", "maintenance", "unset", node)
    assert shown("node", "list", "--maintenance") == []
    found = {row["Interface"]: row for row in shown("node", "validate", node)}
    assert found["power"]["Result"] is True
    assert openstack("node", "set", node, "--driver", "ipmi", "--reset-interfaces")
    found = {row["Interface"]: row for row in shown("node", "validate", node)}
    assert found["power"]["Result"] is False
    assert "ipmi_address" in found["power"]["Reason"]


def test_traits(openstack: Run, shown: Callable[..., Any], node: str) -> None:
    assert openstack("node", "add", "trait", node, "CUSTOM_A", "CUSTOM_B")
    assert shown("node", "trait", "list", node) == [{"traits": "CUSTOM_A"}, {"traits": "CUSTOM_B"}]
    assert openstack("node", "remove", "trait", node, "CUSTOM_A")
    assert shown("node", "trait", "list", node) == [{"traits": "CUSTOM_B"}]
    assert openstack("node", "remove", "trait", node, "--all")
    assert shown("node", "trait", "list", node) == []
    assert "Invalid trait 'loud'" in openstack("node", "add", "trait", node, "loud").err


def test_the_boot_device_and_what_no_driver_has(
    openstack: Run, shown: Callable[..., Any], node: str
) -> None:
    supported = shown("node", "boot", "device", "show", node, "--supported")
    assert "pxe" in supported["supported_boot_devices"]
    assert openstack("node", "boot", "device", "set", node, "pxe", "--persistent")
    assert shown("node", "boot", "device", "show", node)["boot_device"] == "pxe"
    assert shown("node", "console", "show", node)["console_enabled"] is False
    for words in (("vif", "list"), ("bios", "setting", "list"), ("firmware", "list")):
        assert shown("node", *words, node) == []
    assert shown("node", "passthru", "list", node) == []
    assert "does not support" in openstack("node", "boot", "mode", "set", node, "uefi").err


def test_ports(openstack: Run, shown: Callable[..., Any], node: str) -> None:
    uuid = shown("node", "show", node)["uuid"]
    link = ("--local-link-connection", "switch_id=52:54:00:00:00:99")
    port = shown(
        *("port", "create", "52:54:00:CC:00:01", "--node", uuid, *link),
        *("--local-link-connection", "port_id=eth7", "--pxe-enabled", "false"),
    )
    assert port["address"] == "52:54:00:cc:00:01"
    assert port["local_link_connection"] == {"switch_id": "52:54:00:00:00:99", "port_id": "eth7"}
    for words in (("--node", node), ("--address", "52:54:00:cc:00:01"), ("--long",)):
        assert [row["uuid"] for row in shown("port", "list", *words)] == [port["uuid"]]
    assert openstack("port", "set", port["uuid"], "--extra", "a=b", "--physical-network", "left")
    assert shown("port", "show", port["uuid"])["physical_network"] == "left"
    assert openstack("port", "unset", port["uuid"], "--extra", "a", "--physical-network")
    by_address = shown("port", "show", "--address", "52:54:00:cc:00:01")
    assert (by_address["extra"], by_address["physical_network"]) == ({}, None)
    assert openstack("port", "delete", port["uuid"])
    assert "could not be found" in openstack("port", "show", port["uuid"]).err


def test_chassis(openstack: Run, shown: Callable[..., Any], node: str) -> None:
    chassis = shown("chassis", "create", "--description", "left rack", "--extra", "row=1")["uuid"]
    assert openstack("node", "set", node, "--chassis-uuid", chassis)
    assert [row["name"] for row in shown("node", "list", "--chassis", chassis)] == [node]
    assert openstack("chassis", "set", chassis, "--description", "right rack")
    assert openstack("chassis", "unset", chassis, "--extra", "row")
    seen = shown("chassis", "show", chassis)
    assert (seen["description"], seen["extra"]) == ("right rack", {})
    assert "contains nodes" in openstack("chassis", "delete", chassis).err
    assert openstack("node", "unset", node, "--chassis-uuid")
    assert openstack("chassis", "delete", chassis)
    assert shown("chassis", "list", "--long") == []


def test_allocations(openstack: Run, shown: Callable[..., Any], node: str) -> None:
    assert openstack("node", "manage", node, *_WAIT)
    assert openstack("node", "provide", node, *_WAIT)
    wish = ("allocation", "create", "--resource-class", "small", "--name", "wish")
    assert shown(*wish, *_WAIT)["state"] == "active"
    assert shown("allocation", "show", "wish")["node_uuid"] == shown("node", "show", node)["uuid"]
    assert [row["name"] for row in shown("allocation", "list", "--node", node)] == ["wish"]
    assert openstack("allocation", "set", "wish", "--extra", "a=b")
    assert openstack("allocation", "unset", "wish", "--extra", "a")
    assert shown("allocation", "show", "wish")["extra"] == {}
    assert openstack("allocation", "delete", "wish")
    assert shown("allocation", "list") == []


def test_drivers_and_conductors(openstack: Run, shown: Callable[..., Any]) -> None:
    drivers = {row["name"]: row for row in shown("driver", "list")}
    assert set(drivers) >= {"fake-hardware", "ipmi"}
    assert shown("driver", "show", "ipmi")["default_power_interface"] == "ipmi"
    fields = {row["property"] for row in shown("driver", "property", "list", "ipmi")}
    assert "ipmi_address" in fields
    assert shown("driver", "passthru", "list", "ipmi") == []
    assert shown("driver", "raid", "property", "list", "ipmi") == []
    (conductor,) = shown("conductor", "list")
    seen = shown("conductor", "show", conductor["hostname"])
    assert (seen["alive"], set(seen["drivers"])) == (True, set(drivers))
    assert shown("node", "list", "--conductor", conductor["hostname"]) == []


def test_what_is_wrong_is_said_in_one_line(openstack: Run) -> None:
    for words, said in (
        (("node", "show", "nobody"), "Node nobody could not be found. (HTTP 404)"),
        (("node", "create", "--driver", "abacus"), "driver abacus"),
        (("node", "create", "--driver", "ipmi", "--name", "a b"), "'name'"),
        (("node", "list", "--provision-state", "dreaming"), "provision_state"),
    ):
        refused = openstack(*words)
        assert refused.code == 1
        assert said in refused.err
        assert "Traceback" not in refused.err
