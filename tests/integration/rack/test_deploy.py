"""A real machine (QEMU) from enrolment to the prompt of its image, by our own agent.

The conductor is killed in the middle of the write; the machine goes on, and so does the deploy.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from baremetal.agent.recipe.build import Built
from devstack.machines import small_os
from devstack.machines.description import RackDescription, Shape
from devstack.machines.provisioning import Provisioning
from devstack.machines.qemu import Files
from devstack.machines.rack import Rack
from tests.support.rack import PATIENCE, console, needs_rack

pytestmark = [pytest.mark.slow, pytest.mark.services, pytest.mark.timeout(1500)]

#: Seconds for a leg with a boot in it.
LEG = 600
NODE = "rack-1"


@pytest.fixture
def rack(tmp_path: Path) -> Iterator[Rack]:
    description = RackDescription(1, Shape(memory_mib=256))
    needs_rack(description)
    if shutil.which("dnsmasq") is None:
        pytest.skip("REAL MACHINES ARE NOT DEPLOYED: missing: apt-get install dnsmasq-base")
    with Rack(tmp_path / "rack", description) as rack:
        yield rack


@pytest.fixture
def plane(rack: Rack, ramdisk: Built, tmp_path: Path) -> Iterator[Provisioning]:
    with Provisioning(rack, tmp_path / "plane", ramdisk.kernel, ramdisk.ramdisk) as plane:
        yield plane


def _leg(plane: Provisioning, verb: str, *words: str) -> None:
    plane.baremetal("node", verb, NODE, *words, "--wait", str(LEG), seconds=LEG + PATIENCE)


def _fields(plane: Provisioning, *names: str) -> list[object]:
    columns = [word for name in names for word in ("-c", name)]
    shown = json.loads(plane.baremetal("node", "show", NODE, "-f", "json", *columns))
    return [shown[name] for name in names]


def test_a_machine_goes_from_enrolment_to_the_prompt_of_its_image(
    rack: Rack, plane: Provisioning, image: Path
) -> None:
    (machine,) = rack.machines
    disk = Files(rack.home, machine.name).disk
    with disk.open("r+b") as out:
        out.write(b"what a former user has left" * 1000)
    plane.enrol()
    _leg(plane, "manage")
    _leg(plane, "inspect")
    (properties,) = _fields(plane, "properties")
    assert isinstance(properties, dict)
    assert (properties["cpus"], properties["memory_mb"], properties["local_gb"]) == (1, 256, 4)

    _leg(plane, "provide")
    with disk.open("rb") as cleaned:
        assert cleaned.read(1 << 20) == bytes(1 << 20)

    url = plane.offer(image)
    with console(rack, machine) as terminal:
        checksum = hashlib.sha256(image.read_bytes()).hexdigest()
        plane.baremetal("node", "deploy", NODE, "--image", url, "--checksum", checksum)
        terminal.wait_for("step write_image")
        plane.kill()
        plane.start()
        limit = ("--for", "active", "--timeout", str(LEG))
        plane.baremetal("node", "wait", NODE, *limit, seconds=LEG + PATIENCE)
        assert _fields(plane, "provision_state", "power_state") == ["active", "power on"]
        terminal.wait_for(small_os.PROMPT)
        with disk.open("rb") as written:
            assert written.read(small_os.SIZE) == image.read_bytes()
        terminal.seen = ""
        assert rack.run(rack.ipmitool(machine, "power", "cycle")).returncode == 0
        terminal.wait_for(small_os.PROMPT)
