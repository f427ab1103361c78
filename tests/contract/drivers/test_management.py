"""The contract of management."""

import pytest

from baremetal.domain import states
from baremetal.domain.errors import DriverError, InvalidInput, NotSupported
from baremetal.drivers.interfaces import ManagementInterface, PowerInterface
from tests.contract.drivers.benches import Bench, installed, only, wired

KNOWN = {"pxe", "disk", "cdrom", "bios", "safe", "wanboot"}


class TestManagement:
    kind = "management"

    def test_it_knows_some_boot_devices(self, interface: ManagementInterface, bench: Bench) -> None:
        devices = interface.supported_boot_devices(bench.node)
        assert devices
        assert len(set(devices)) == len(devices)
        assert set(devices) <= KNOWN

    @pytest.mark.parametrize("persistent", [True, False])
    def test_each_device_can_be_chosen_and_twice(
        self, interface: ManagementInterface, bench: Bench, *, persistent: bool
    ) -> None:
        for device in interface.supported_boot_devices(bench.node):
            for _ in range(2):
                interface.set_boot_device(bench.node, device, persistent=persistent)
            found = interface.get_boot_device(bench.node)
            if bench.remembers:
                assert (found.device, found.persistent) == (device, persistent)

    def test_what_it_boots_from_is_a_device_it_knows_or_unknown(
        self, interface: ManagementInterface, bench: Bench
    ) -> None:
        found = interface.get_boot_device(bench.node)
        assert found.device in {None, *interface.supported_boot_devices(bench.node)}
        assert isinstance(found.persistent, bool | None)

    @pytest.mark.parametrize("device", ["floppy", "", "PXE", "disk "])
    def test_a_device_that_it_does_not_know_is_refused_and_nothing_changes(
        self, interface: ManagementInterface, bench: Bench, device: str
    ) -> None:
        before = interface.get_boot_device(bench.node)
        with pytest.raises(InvalidInput) as caught:
            interface.set_boot_device(bench.node, device)
        assert interface.supported_boot_devices(bench.node)[0] in caught.value.message
        assert interface.get_boot_device(bench.node) == before

    @wired
    def test_nobody_answers(self, interface: ManagementInterface, bench: Bench) -> None:
        for node in filter(None, (bench.silent, bench.refused)):
            with pytest.raises(DriverError):
                interface.get_boot_device(node)
            with pytest.raises(DriverError):
                interface.set_boot_device(node, interface.supported_boot_devices(node)[0])

    @only(lambda _name, cls: "sensors" in cls.capabilities)
    def test_sensors_are_read_where_it_says_so(
        self, interface: ManagementInterface, bench: Bench
    ) -> None:
        readings = interface.get_sensors(bench.node)
        assert readings
        for name, reading in readings.items():
            assert name
            assert {"value", "unit", "state"} <= set(reading)
            assert isinstance(reading["value"], int | float | str | None)
            assert isinstance(reading["state"], str)

    @only(lambda _name, cls: not cls.capabilities)
    def test_what_it_does_not_say_it_can_do_is_not_supported(
        self, interface: ManagementInterface, bench: Bench
    ) -> None:
        with pytest.raises(NotSupported):
            interface.inject_nmi(bench.node)
        with pytest.raises(NotSupported):
            interface.get_sensors(bench.node)

    @only(lambda _name, cls: "nmi" in cls.capabilities)
    def test_an_nmi_reaches_a_machine_that_is_on(
        self, interface: ManagementInterface, bench: Bench, driver: tuple[str, str]
    ) -> None:
        power = installed("power")[driver[1]]()()
        assert isinstance(power, PowerInterface)
        power.set_power_state(bench.node, states.POWER_ON)
        interface.inject_nmi(bench.node)
        power.set_power_state(bench.node, states.POWER_OFF)
        with pytest.raises(DriverError):
            interface.inject_nmi(bench.node)
