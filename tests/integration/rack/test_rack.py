"""A real machine (QEMU), with firmware, a NIC, a disk and a BMC, driven by our drivers."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from baremetal.domain import states
from baremetal.domain.node import Node
from baremetal.drivers.boot.redfish_virtual_media import RedfishVirtualMediaBoot
from baremetal.drivers.interfaces.management import BootDevice
from baremetal.drivers.management.ipmi import IpmiManagement
from baremetal.drivers.management.redfish import RedfishManagement
from baremetal.drivers.power.ipmi import IpmiPower
from baremetal.drivers.power.redfish import RedfishPower
from devstack.machines.description import RackDescription, Shape
from devstack.machines.rack import Rack
from tests.support.boot_image import write_boot_image
from tests.support.rack import PATIENCE, ROOT, Inside, console, needs_rack, serve_files

pytestmark = [pytest.mark.slow, pytest.mark.services]

GREETING = "hello from the virtual CD"


def _command(home: Path, *words: str) -> str:
    command = [sys.executable, "-m", "devstack.machines", "--home", str(home), *words]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _traces(home: Path) -> list[str]:
    """What a rack has beside its directory."""
    processes = [
        " ".join(process.info["cmdline"])
        for process in psutil.process_iter(["cmdline"])
        if str(home) in " ".join(process.info["cmdline"] or ())
    ]
    return processes + [
        line for line in Path("/proc/mounts").read_text().splitlines() if str(home) in line
    ]


def _network(pid: int) -> int | None:
    """The number of the process's network; None where it has ended."""
    try:
        return Path(f"/proc/{pid}/ns/net").stat().st_ino
    except OSError:
        return None


@pytest.fixture(scope="module")
def rack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rack]:
    """One machine, brought up and taken down by the command."""
    needs_rack(RackDescription(1))
    home = tmp_path_factory.mktemp("rack") / "home"
    said = _command(home, "up", "1", "--memory", "128")
    assert said.splitlines()[-1] == f"ready {home}/nodes-ipmi.yaml"
    assert "rack-1" in _command(home, "status")
    rack = Rack.found(home)
    yield rack
    network = _network(rack.pid)
    within = [process for process in psutil.process_iter() if _network(process.pid) == network]
    _command(home, "down")
    assert not home.exists()
    assert _traces(home) == []
    _, alive = psutil.wait_procs(within, timeout=PATIENCE)
    assert not alive, "the network goes with the last process in it"


@pytest.fixture(scope="module")
def inside(rack: Rack) -> Iterator[Inside]:
    with Inside(rack) as inside:
        yield inside


def _node(rack: Rack, driver: str, **info: Any) -> Node:
    (entry,) = yaml.safe_load(rack.enrolment(driver).read_text())["nodes"]
    return Node(
        uuid="00000001-0000-4000-8000-000000000000",
        version=1,
        driver=entry["driver"],
        name=entry["name"],
        macs=(entry["ports"][0]["address"],),
        driver_info={**entry["driver_info"], **info},
        properties=entry["properties"],
        provision_state="manageable",
    )


def test_it_boots_from_the_network_once_by_ipmi_and_the_console_shows_it(
    rack: Rack, inside: Inside
) -> None:
    node, power, management = _node(rack, "ipmi"), IpmiPower(), IpmiManagement()
    assert inside.call(power.get_power_state, node) == states.POWER_OFF
    inside.call(management.set_boot_device, node, "pxe", persistent=False)
    assert inside.call(management.get_boot_device, node) == BootDevice("pxe", False)
    with console(rack, rack.machines[0]) as terminal:
        inside.call(power.set_power_state, node, states.POWER_ON, PATIENCE)
        terminal.wait_for("SeaBIOS")
        terminal.wait_for("Booting from ROM")
        assert "Booting from Hard Disk" not in terminal.seen
        terminal.wait_for("Open Source Network Boot Firmware")
        terminal.type("\x02")
        terminal.wait_for("iPXE>")
        terminal.type("reboot\r")
        terminal.wait_for("Booting from Hard Disk")
    assert inside.call(management.get_boot_device, node).device is None, "it was for once"
    assert "iPXE>" in rack.serial_log(rack.machines[0]).read_text(errors="replace")
    assert inside.call(management.get_sensors, node)["CPU1 Temp"]["value"]
    inside.call(power.set_power_state, node, states.POWER_OFF, PATIENCE)


def test_it_boots_a_virtual_cd_by_redfish(rack: Rack, inside: Inside, tmp_path: Path) -> None:
    write_boot_image(tmp_path / "boot.iso", GREETING)
    url = inside.call(serve_files, tmp_path)
    node = _node(rack, "redfish", deploy_iso=f"{url}/boot.iso")
    power, management, boot = RedfishPower(), RedfishManagement(), RedfishVirtualMediaBoot()
    assert inside.call(power.get_power_state, node) == states.POWER_OFF
    inside.call(boot.prepare_ramdisk, node)
    inside.call(management.set_boot_device, node, "cdrom", persistent=False)
    with console(rack, rack.machines[0]) as terminal:
        inside.call(power.set_power_state, node, states.POWER_ON, PATIENCE)
        terminal.wait_for(GREETING)
    inside.call(boot.clean_up_ramdisk, node)
    inside.call(management.set_boot_device, node, "cdrom", persistent=True)
    with console(rack, rack.machines[0]) as terminal:
        inside.call(power.set_power_state, node, states.REBOOT, PATIENCE)
        terminal.wait_for("Could not read from CDROM")
        assert GREETING not in terminal.seen
    assert inside.call(management.get_boot_device, node) == BootDevice("cdrom", True)
    inside.call(power.set_power_state, node, states.POWER_OFF, PATIENCE)
    assert inside.call(IpmiPower().get_power_state, _node(rack, "ipmi")) == states.POWER_OFF


@contextmanager
def _powered_rack(home: Path, shape: Shape) -> Iterator[Rack]:
    description = RackDescription(1, shape)
    needs_rack(description)
    with Rack(home, description) as rack:
        done = rack.run(rack.ipmitool(rack.machines[0], "power", "on"))
        assert done.returncode == 0, done.stderr
        yield rack


def test_no_machine_outlives_a_rack_that_was_killed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with _powered_rack(home, Shape(memory_mib=64)) as rack:
        supervisor = psutil.Process(rack.pid)
        family = supervisor.children(recursive=True)
        assert any("qemu" in process.name() for process in family)
        os.kill(rack.pid, signal.SIGKILL)
        _, alive = psutil.wait_procs([supervisor, *family], timeout=PATIENCE)
        assert not alive
    assert not home.exists()
    assert _traces(home) == []
