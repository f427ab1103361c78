"""Machines for drivers to prove themselves on."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TypeVar

from baremetal.domain.node import Node
from baremetal.drivers.interfaces import Interface
from baremetal.simulator.faults import BmcFaults
from devstack.ports import free_port
from tests.integration.ipmi_rack import Rack
from tests.integration.redfish_rack import RedfishRack
from tests.support.thirdparty.acme_baremetal import (
    boot,
    console,
    deploy,
    inspect,
    management,
    rescue,
)
from tests.support.thirdparty.acme_baremetal import power as acme_power
from tests.support.thirdparty.acme_baremetal.machine import make_machine

KINDS = ("boot", "console", "deploy", "inspect", "management", "power", "rescue")
UUID = "00000001-0000-4000-8000-000000000000"
PLAIN = Node(
    uuid=UUID,
    version=1,
    driver="fake-hardware",
    name="bench",
    macs=("52:54:00:00:00:01",),
    instance_info={"image_source": "http://images.example.org/a.raw", "image_checksum": "0" * 64},
    provision_state="manageable",
)


#: Drivers that reach out to something which may be silent or refuse; and may be stubborn.
WIRED = ("acme", "ipmi", "redfish")
STUBBORN = ("ipmi", "redfish")

Test = TypeVar("Test", bound=Callable[..., None])


def only(wanted: Callable[[str, type[Interface]], bool]) -> Callable[[Test], Test]:
    """Run a test for those drivers alone of which `wanted(name, class)` is true."""

    def mark(test: Test) -> Test:
        test.wanted = wanted  # type: ignore[attr-defined]
        return test

    return mark


wired = only(lambda name, _cls: name in WIRED)


@dataclass(frozen=True)
class Bench:
    """Nodes for one driver."""

    node: Node
    #: One that nothing answers for; None where the driver reaches out to nothing.
    silent: Node | None = None
    #: One whose credentials are refused.
    refused: Node | None = None
    #: One that does not obey a soft power off.
    stubborn: Node | None = None
    #: Whether what is set can be read again from the machine.
    remembers: bool = True


def _acme() -> Mapping[str, type[Interface]]:
    return {
        "boot": boot.AcmeBoot,
        "console": console.AcmeConsole,
        "deploy": deploy.AcmeDeploy,
        "inspect": inspect.AcmeInspect,
        "management": management.AcmeManagement,
        "power": acme_power.AcmePower,
        "rescue": rescue.AcmeRescue,
    }


def installed(kind: str) -> dict[str, Callable[[], type[Interface]]]:
    """How to load each driver of a kind, by its name."""
    found = {point.name: point.load for point in entry_points(group=f"baremetal.{kind}")}
    return {**found, "acme": lambda: _acme()[kind]}


@contextmanager
def fake_bench(_directory: Path) -> Iterator[Bench]:
    """No machine at all."""
    yield Bench(PLAIN, remembers=False)


@contextmanager
def ipmi_bench(_directory: Path) -> Iterator[Bench]:
    """Simulated BMCs on the wire: one sound, and one for each way to misbehave."""
    faults = {
        "node": BmcFaults(),
        "silent": BmcFaults(silent=True),
        "refused": BmcFaults(wrong_password=True),
        "stubborn": BmcFaults(ignores_soft_off=True),
    }
    racks = {name: Rack(1, fault, "127.0.0.1") for name, fault in faults.items()}
    nodes = {name: _ipmi_node(rack) for name, rack in racks.items()}
    try:
        yield Bench(nodes["node"], nodes["silent"], nodes["refused"], nodes["stubborn"])
    finally:
        for rack in racks.values():
            rack.stop()


def _ipmi_node(rack: Rack) -> Node:
    bmc = rack.machines[0].bmc
    info = {
        "ipmi_address": bmc.address,
        "ipmi_port": bmc.port,
        "ipmi_username": bmc.username,
        "ipmi_password": bmc.password,
    }
    return replace(PLAIN, driver="ipmi", driver_info=info)


@contextmanager
def redfish_bench(_directory: Path) -> Iterator[Bench]:
    """Simulated machines behind a Redfish service."""
    sound, stubborn = RedfishRack(), RedfishRack(1, BmcFaults(ignores_soft_off=True))
    iso = "http://images.example.org/ramdisk.iso"
    nowhere = f"http://127.0.0.1:{free_port()}"
    try:
        yield Bench(
            sound.node(PLAIN, deploy_iso=iso),
            sound.node(PLAIN, redfish_address=nowhere),
            sound.node(PLAIN, redfish_password="not the enrolled one"),
            stubborn.node(PLAIN),
        )
    finally:
        sound.stop()
        stubborn.stop()


@contextmanager
def acme_bench(directory: Path) -> Iterator[Bench]:
    """A machine that is a file."""
    path = directory / "acme.json"
    make_machine(path)

    def node(**info: Any) -> Node:
        given = {"acme_chassis": str(path), "acme_pin": "1234", **info}
        return replace(PLAIN, driver="acme", driver_info=given)

    silent = node(acme_chassis=str(directory / "nothing"))
    yield Bench(node(), silent, node(acme_pin="9999"))


#: By the name of the driver, whatever its kind.
BENCHES = {
    "acme": acme_bench,
    "agent": fake_bench,
    "fake": fake_bench,
    "ipmi": ipmi_bench,
    "ipxe": fake_bench,
    "pxe": fake_bench,
    "redfish": redfish_bench,
    "redfish-virtual-media": redfish_bench,
}
