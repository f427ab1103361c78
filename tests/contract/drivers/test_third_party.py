"""A driver of a distribution that is not ours, in a plane that knows nothing of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from baremetal.domain.secrets import MASK
from tests.support.asking import ask, asked, fault, provision
from tests.support.plane import PlaneFailedError, PlaneProcess
from tests.support.thirdparty.acme_baremetal.machine import make_machine, read_machine
from tests.support.thirdparty.installed import *  # noqa: F403

pytestmark = pytest.mark.slow

OPTIONS = "[conductor]\nenabled_hardware_types = fake-hardware,acme\n"
PIN = "90210"


@pytest.fixture(scope="module")
def plane(
    tmp_path_factory: pytest.TempPathFactory, acme_environment: dict[str, str]
) -> Iterator[PlaneProcess]:
    state = tmp_path_factory.mktemp("plane")
    with PlaneProcess(state, options=OPTIONS, environment=acme_environment) as running:
        yield running


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    path = tmp_path / "machine.json"
    make_machine(path, pin=PIN)
    return path


def _enrol(plane: PlaneProcess, machine: Path, **info: Any) -> dict[str, Any]:
    body = {
        "driver": "acme",
        "name": machine.parent.name.replace("_", "-"),
        "driver_info": {"acme_chassis": str(machine), "acme_pin": PIN, **info},
        "instance_info": {"image_source": "http://images.example.org/a.raw"},
    }
    node: dict[str, Any] = asked(plane, "POST", "nodes", body)
    return node


def test_the_plane_does_not_start_without_it(tmp_path: Path) -> None:
    with pytest.raises(PlaneFailedError, match="No 'acme' is installed"):
        PlaneProcess(tmp_path / "state", options=OPTIONS).start()


def test_it_is_among_the_drivers_with_all_that_it_declares(plane: PlaneProcess) -> None:
    driver = asked(plane, "GET", "drivers/acme")
    assert driver["default_power_interface"] == "acme"
    assert driver["enabled_deploy_interfaces"] == ["acme", "agent", "fake"]
    fields = asked(plane, "GET", "drivers/acme/properties")
    assert fields["acme_bay"] == "Where it is in the rack. Optional. Example: 7"
    assert "Required." in fields["acme_pin"]


def test_a_machine_is_enrolled_validated_and_deployed_by_it(
    plane: PlaneProcess, machine: Path
) -> None:
    name = _enrol(plane, machine)["name"]
    verdict = asked(plane, "GET", f"nodes/{name}/validate")
    for kind in ("power", "management", "boot", "deploy"):
        assert verdict[kind] == {"result": True}
    assert provision(plane, name, "manage")["provision_state"] == "manageable"
    inspected = provision(plane, name, "inspect")
    assert inspected["properties"]["cpus"] == 4
    assert provision(plane, name, "provide")["provision_state"] == "available"
    active = provision(plane, name, "active")
    assert (active["provision_state"], active["power_state"]) == ("active", "power on")
    found = read_machine(machine)
    assert (found["power"], found["disk"]) == ("power on", "http://images.example.org/a.raw")
    calls = found["calls"]
    assert calls.index("execute erase_devices") < calls.index("execute write")
    asked(plane, "PUT", f"nodes/{name}/management/boot_device", {"boot_device": "pxe"})
    assert read_machine(machine)["boot_device"] == "pxe"
    assert provision(plane, name, "deleted")["provision_state"] == "available"
    assert read_machine(machine)["disk"] == ""


def test_the_secret_that_it_declares_is_masked_everywhere(
    plane: PlaneProcess, machine: Path
) -> None:
    node = _enrol(plane, machine, acme_bay=3)
    name = node["name"]
    assert node["driver_info"]["acme_pin"] == MASK
    patch = [{"op": "replace", "path": "/driver_info/acme_bay", "value": 4}]
    assert asked(plane, "PATCH", f"nodes/{name}", patch)["driver_info"] == {
        "acme_chassis": str(machine),
        "acme_pin": MASK,
        "acme_bay": 4,
    }
    assert provision(plane, name, "manage")["provision_state"] == "manageable"
    pages = [
        asked(plane, "GET", path)
        for path in (f"nodes/{name}", "nodes/detail", "operations", f"nodes/{name}/history")
    ]
    assert PIN not in str(pages)
    assert PIN not in plane.log(10_000)
    stored = (plane.state_dir / "baremetal.sqlite").read_bytes()
    stored += (plane.state_dir / "baremetal.sqlite-wal").read_bytes()
    assert str(machine).encode() in stored
    assert PIN.encode() not in stored


def test_a_wrong_secret_is_refused_by_the_machine_and_not_repeated(
    plane: PlaneProcess, machine: Path
) -> None:
    name = _enrol(plane, machine, acme_pin="55555")["name"]
    failed = provision(plane, name, "manage")
    assert failed["provision_state"] == "enroll"
    assert "refuses the PIN" in failed["last_error"]
    assert "55555" not in failed["last_error"]


def test_fields_are_judged_by_what_it_declares(plane: PlaneProcess, machine: Path) -> None:
    body = {"driver": "acme", "driver_info": {"acme_bay": 99}}
    status, refusal = ask(plane, "POST", "nodes", body)
    assert status == 400
    assert fault(refusal) == (
        "driver_info/acme_bay must be from 1 to 48, not 99 (Where it is in the rack. Example: 7)"
    )
    name = asked(plane, "POST", "nodes", {"driver": "acme"})["name"] or ""
    assert name == ""


def test_a_driver_is_changed_as_a_whole(plane: PlaneProcess, machine: Path) -> None:
    node = asked(plane, "POST", "nodes", {"driver": "fake-hardware", "name": "convert"})
    path = f"nodes/{node['uuid']}"
    driver = {"op": "replace", "path": "/driver", "value": "acme"}
    status, refusal = ask(plane, "PATCH", path, [driver])
    assert status == 400
    assert "does not support the boot interface 'fake'" not in fault(refusal)
    assert "acme does not support the" in fault(refusal)
    info = {"acme_chassis": str(machine), "acme_pin": PIN, "acme_bay": "x"}
    add = {"op": "add", "path": "/driver_info", "value": info}
    status, refusal = ask(plane, "PATCH", f"{path}?reset_interfaces=true", [driver, add])
    assert (status, "acme_bay must be a whole number" in fault(refusal)) == (400, True)
    assert asked(plane, "GET", path)["driver"] == "fake-hardware"
    add["value"] = {**info, "acme_bay": 1}
    changed = asked(plane, "PATCH", f"{path}?reset_interfaces=true", [driver, add])
    assert (changed["driver"], changed["power_interface"]) == ("acme", "acme")
    assert changed["driver_info"]["acme_pin"] == MASK
