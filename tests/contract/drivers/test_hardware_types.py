"""What every hardware type promises: that what it names is there, and goes together."""

from dataclasses import replace
from importlib.metadata import entry_points
from itertools import product

import pytest

from baremetal.domain.catalog import HardwareInfo
from baremetal.domain.errors import NotSupported
from baremetal.domain.node import INTERFACES
from baremetal.domain.properties import Property
from baremetal.drivers.hardware.base import HardwareType
from baremetal.drivers.interfaces import BootInterface, ManagementInterface
from baremetal.drivers.registry import Registry
from tests.contract.drivers.benches import KINDS, PLAIN, installed
from tests.support.thirdparty.acme_baremetal.hardware import AcmeHardware

NEEDED = ("boot", "deploy", "management", "power")
TYPES: dict[str, type[HardwareType]] = {
    **{point.name: point.load() for point in entry_points(group="baremetal.hardware")},
    "acme": AcmeHardware,
}
OURS = sorted(set(TYPES) - {"acme"})


def _absent(name: str) -> bool:
    return name == "noop" or name.startswith("no-")


@pytest.mark.parametrize("name", TYPES)
def test_it_says_of_every_kind_what_it_has(name: str) -> None:
    supported = TYPES[name].supported()
    assert tuple(supported) == INTERFACES
    for kind, names in supported.items():
        assert len(set(names)) == len(names)
        assert names, f"{name} has nothing to choose from for {kind}"
    assert (TYPES[name].__doc__ or "").strip()


@pytest.mark.parametrize("name", TYPES)
def test_what_it_names_is_installed(name: str) -> None:
    supported = TYPES[name].supported()
    for kind in KINDS:
        assert {one for one in supported[kind] if not _absent(one)} <= set(installed(kind))
    for kind in NEEDED:
        assert not any(map(_absent, supported[kind])), f"a machine needs {kind}"


@pytest.mark.parametrize("name", TYPES)
def test_any_of_its_boots_goes_with_any_of_its_managements(name: str) -> None:
    """A deploy chooses the ramdisk's device, and then the disk."""
    supported = TYPES[name].supported()
    for boot_name, management_name in product(supported["boot"], supported["management"]):
        boot = installed("boot")[boot_name]()()
        management = installed("management")[management_name]()()
        assert isinstance(boot, BootInterface)
        assert isinstance(management, ManagementInterface)
        if boot.ramdisk_device is not None:
            devices = management.supported_boot_devices(PLAIN)
            assert {boot.ramdisk_device, "disk"} <= set(devices), (boot_name, management_name)


@pytest.mark.parametrize("name", TYPES)
def test_a_field_means_the_same_to_all_its_interfaces(name: str) -> None:
    seen: dict[str, Property] = {}
    for kind, names in TYPES[name].supported().items():
        for one in names:
            if kind in KINDS and not _absent(one):
                for prop in installed(kind)[one]().properties:
                    assert seen.setdefault(prop.name, prop) == prop


@pytest.mark.parametrize("name", OURS)
def test_the_api_is_told_all_of_it(name: str) -> None:
    info = Registry([name]).info(name)
    assert HardwareInfo.from_data(name, info.as_data()) == info
    chosen = info.chosen({})
    assert set(chosen) == set(INTERFACES)


@pytest.mark.parametrize("name", OURS)
def test_a_node_gets_its_defaults_and_what_is_absent_says_so(name: str) -> None:
    driver = Registry([name]).driver(replace(PLAIN, driver=name))
    assert driver.power is driver.parts["power"]
    with pytest.raises(NotSupported, match="console"):
        driver.console.start_console(PLAIN)
