"""The contract of boot."""

from baremetal.domain import states
from baremetal.drivers.interfaces import BootInterface, PowerInterface
from tests.contract.drivers.benches import Bench, installed
from tests.contract.drivers.test_management import KNOWN


class TestBoot:
    kind = "boot"

    def test_its_ramdisk_is_behind_a_device_that_machines_have(
        self, interface: BootInterface
    ) -> None:
        assert interface.ramdisk_device in {None, *KNOWN}

    def test_what_was_laid_out_is_taken_back_and_all_of_it_twice(
        self, interface: BootInterface, bench: Bench
    ) -> None:
        for action in (
            interface.prepare_ramdisk,
            interface.clean_up_ramdisk,
            interface.prepare_instance,
            interface.clean_up_instance,
        ):
            action(bench.node)
            action(bench.node)

    def test_there_may_be_nothing_to_take_back(
        self, interface: BootInterface, bench: Bench
    ) -> None:
        interface.clean_up_ramdisk(bench.node)
        interface.clean_up_instance(bench.node)

    def test_it_leaves_the_power_alone(
        self, interface: BootInterface, bench: Bench, driver: tuple[str, str]
    ) -> None:
        load = installed("power").get(driver[1], installed("power")["fake"])
        power = load()()
        assert isinstance(power, PowerInterface)
        for target in (states.POWER_ON, states.POWER_OFF):
            power.set_power_state(bench.node, target)
            before = power.get_power_state(bench.node)
            interface.prepare_ramdisk(bench.node)
            interface.clean_up_ramdisk(bench.node)
            interface.prepare_instance(bench.node)
            assert power.get_power_state(bench.node) == before
