"""Power and boot of one machine, with no wire in between."""

import asyncio

import pytest

from baremetal.simulator.api import Accepted
from baremetal.simulator.bmc.chassis import PowerAction, WrongState
from baremetal.simulator.faults import BmcFaults
from baremetal.simulator.machine import Machine, Running
from tests.unit.simulator.scenario import PXE_ALWAYS, netboot, play
from tests.unit.simulator.scripted_api import ScriptedApi, plan, until, write_image


def test_a_network_boot_takes_its_time_and_ends_in_heartbeats() -> None:
    api = ScriptedApi()

    async def scenario(machine: Machine) -> None:
        began = asyncio.get_running_loop().time()
        await netboot(machine)
        assert asyncio.get_running_loop().time() - began >= 0.005
        await until(lambda: len(api.heard) > 2)

    play(scenario, api)
    assert api.heard[0] == {
        "callback_url": "http://198.18.0.1:9999",
        "agent_version": "10.0",
        "agent_token": "token-1",
        "plan_protocol": 1,
    }


def test_a_one_shot_boots_the_network_once_and_then_the_disk() -> None:
    async def scenario(machine: Machine) -> None:
        await netboot(machine)
        machine.control(PowerAction.RESET)
        await asyncio.sleep(0.02)

    machine = play(scenario, ScriptedApi())
    assert (machine.boots, machine.network_boots) == (2, 1)
    assert machine.running is Running.FIRMWARE, "the disk is empty"
    assert machine.boot_mode == "uefi"


def test_a_persistent_device_boots_the_network_every_time() -> None:
    async def scenario(machine: Machine) -> None:
        machine.boot_options.set(5, PXE_ALWAYS)
        machine.control(PowerAction.ON)
        for _ in range(2):
            machine.control(PowerAction.CYCLE)
            assert not machine.powered_on
            await until(lambda: machine.running is Running.RAMDISK)

    assert play(scenario, ScriptedApi()).network_boots == 3


def test_power_on_while_on_changes_nothing() -> None:
    async def scenario(machine: Machine) -> None:
        machine.control(PowerAction.ON)
        machine.control(PowerAction.ON)

    assert play(scenario, ScriptedApi()).boots == 1


@pytest.mark.parametrize("action", [PowerAction.CYCLE, PowerAction.RESET, PowerAction.DIAGNOSTIC])
def test_what_needs_power_is_refused_without(action: PowerAction) -> None:
    async def scenario(machine: Machine) -> None:
        with pytest.raises(WrongState):
            machine.control(action)

    assert play(scenario, ScriptedApi()).boots == 0


def test_a_soft_off_lets_the_ramdisk_shut_down() -> None:
    async def scenario(machine: Machine) -> None:
        await netboot(machine)
        machine.control(PowerAction.SOFT_OFF)
        assert machine.powered_on
        await until(lambda: not machine.powered_on)
        assert machine.running is Running.NOTHING

    play(scenario, ScriptedApi())


def test_a_machine_may_ignore_a_soft_off() -> None:
    async def scenario(machine: Machine) -> None:
        await netboot(machine)
        machine.control(PowerAction.SOFT_OFF)
        await asyncio.sleep(0.03)
        assert machine.powered_on
        machine.control(PowerAction.OFF)
        assert not machine.powered_on

    play(scenario, ScriptedApi(), bmc_faults=BmcFaults(ignores_soft_off=True))


def test_power_on_within_a_cycle_does_not_boot_twice() -> None:
    async def scenario(machine: Machine) -> None:
        machine.control(PowerAction.ON)
        machine.control(PowerAction.CYCLE)
        machine.control(PowerAction.ON)
        await asyncio.sleep(0.03)

    assert play(scenario, ScriptedApi()).boots == 2


def test_power_off_kills_the_agent_and_leaves_half_an_image() -> None:
    api = ScriptedApi(heartbeats=[Accepted(plan(write_image(image_size_mb=4000)))])

    async def scenario(machine: Machine) -> None:
        await netboot(machine)
        await until(lambda: len(api.reports) > 2)
        machine.control(PowerAction.OFF)
        heard = len(api.heard)
        await asyncio.sleep(0.03)
        assert len(api.heard) == heard
        machine.control(PowerAction.ON)
        await asyncio.sleep(0.02)

    machine = play(scenario, api)
    content = machine.disks[1].content
    assert content is not None
    assert not content.complete
    assert machine.running is Running.FIRMWARE, "half an image does not boot"
