"""What a netbooted agent does: lookup, plans, reports, faults."""

import asyncio
from typing import Any

import pytest

from baremetal.simulator.api import Accepted, Found, Refused, Unavailable, Unknown
from baremetal.simulator.bmc.chassis import PowerAction
from baremetal.simulator.disk import Erasure
from baremetal.simulator.faults import AgentFaults
from baremetal.simulator.machine import Machine, Running
from tests.unit.simulator.scenario import GIB, PXE_ONCE, netboot, play
from tests.unit.simulator.scripted_api import ScriptedApi, plan, until, write_image


def deploy_plan(**args: Any) -> dict[str, Any]:
    return plan(
        "inventory",
        "erase_devices_metadata",
        write_image(image_size_mb=400, image_checksum="abc", **args),
        {"name": "config_drive", "args": {"present": True}},
        "install_bootloader",
    )


def test_a_whole_deployment_writes_the_disk_reports_it_and_boots_the_system() -> None:
    api = ScriptedApi(heartbeats=[Accepted(deploy_plan())])

    async def scenario(machine: Machine) -> None:
        await netboot(machine)
        await until(lambda: api.reports and api.reports[-1]["status"] == "succeeded")
        machine.control(PowerAction.CYCLE)
        await until(lambda: machine.running is Running.OPERATING_SYSTEM)

    machine = play(scenario, api)
    first, last = api.reports[0], api.reports[-1]
    assert (first["status"], first["step"], first["step_index"]) == ("running", "inventory", 0)
    assert (last["percent"], last["step"], last["error"]) == (100, "install_bootloader", None)
    percents = [report["percent"] for report in api.reports]
    assert percents == sorted(percents)
    assert len(set(percents)) > 2
    assert any(r["message"].startswith("written ") for r in api.reports)
    found = last["results"]["inventory"]
    assert found["interfaces"][0]["mac_address"] == "52:54:00:00:00:01"
    assert [disk["size"] for disk in found["disks"]] == [100 * GIB, 50 * GIB]
    assert found["boot"]["current_boot_mode"] == "bios", "the console asked for it"
    content = machine.disks[1].content
    assert content is not None
    assert (content.image_source, content.image_checksum) == ("http://images/a.raw", "abc")
    assert content.complete
    assert content.config_drive
    assert content.bootloader
    assert machine.disks[0].erased is Erasure.METADATA


def test_writing_takes_as_long_as_the_disk_is_slow() -> None:
    api = ScriptedApi(heartbeats=[Accepted(plan(write_image(image_size_mb=2000)))])
    times: list[float] = []

    async def scenario(machine: Machine) -> None:
        await netboot(machine)
        times.append(asyncio.get_running_loop().time())
        await until(lambda: api.reports and api.reports[-1]["status"] == "succeeded")
        times.append(asyncio.get_running_loop().time())

    play(scenario, api)
    assert 0.1 <= times[1] - times[0] < 0.12


def test_erase_devices_leaves_nothing() -> None:
    api = ScriptedApi(
        heartbeats=[
            Accepted(plan(write_image(image_size_mb=10), uuid="a")),
            Accepted(None),
            Accepted(plan("erase_devices", "burn_in", uuid="b")),
        ]
    )

    async def scenario(machine: Machine) -> None:
        await netboot(machine)
        await until(lambda: api.reports and api.reports[-1]["plan"] == "b")
        await until(lambda: api.reports[-1]["status"] == "succeeded")

    machine = play(scenario, api)
    assert [(d.content, d.erased) for d in machine.disks] == [(None, Erasure.WHOLE)] * 2


@pytest.mark.parametrize(
    ("steps", "index", "error"),
    [
        (("inventory", "unheard_of"), 1, "this agent knows no step unheard_of"),
        ((write_image(image_size_mb=999_999),), 0, "does not fit on /dev/sdb"),
        ((write_image(root_device={"name": "/dev/vda"}),), 0, "no disk fits root_device"),
        ((write_image(image_size_mb="big"),), 0, "image_size_mb 'big' is no size"),
        (({"name": "write_image"},), 0, "write_image needs image_source"),
        (("install_bootloader",), 0, "no disk has an image"),
    ],
)
def test_a_plan_that_cannot_be_done_is_reported_as_failed(
    steps: tuple[Any, ...], index: int, error: str
) -> None:
    api = ScriptedApi(heartbeats=[Accepted(plan(*steps))])

    async def scenario(machine: Machine) -> None:
        await netboot(machine)
        await until(lambda: api.reports and api.reports[-1]["status"] == "failed")
        await until(lambda: "progress" not in api.heard[-1])

    play(scenario, api)
    last = api.reports[-1]
    assert error in last["error"]
    assert (last["step_index"], last["results"]) == (index, {})
    assert last["percent"] < 100


def test_a_root_device_hint_is_followed() -> None:
    step = write_image(image_size_mb=10, root_device={"name": "/dev/sda"})
    api = ScriptedApi(heartbeats=[Accepted(plan(step))])

    async def scenario(machine: Machine) -> None:
        await netboot(machine)
        await until(lambda: machine.disks[0].bootable)

    assert play(scenario, api).disks[1].content is None


@pytest.mark.parametrize(
    "nonsense", ["x", {}, {"uuid": "u", "kind": "deploy", "steps": [{}]}, plan(every=-1)]
)
def test_what_is_no_plan_is_ignored(nonsense: object) -> None:
    api = ScriptedApi(heartbeats=[Accepted(nonsense)])

    async def scenario(machine: Machine) -> None:
        await netboot(machine)
        await until(lambda: len(api.heard) > 2)

    play(scenario, api)
    assert api.reports == []


def test_lookup_is_repeated_until_there_is_a_node_with_a_token() -> None:
    api = ScriptedApi(
        lookups=[Unavailable("down"), Unknown(), Found("node-1", "******", 300)],
    )

    async def scenario(machine: Machine) -> None:
        await netboot(machine)
        await until(lambda: bool(api.heard))

    play(scenario, api)
    assert api.lookups_heard == 4


def test_an_agent_whose_token_is_refused_stops() -> None:
    api = ScriptedApi(heartbeats=[Refused()])

    async def scenario(machine: Machine) -> None:
        await netboot(machine)
        await asyncio.sleep(0.03)

    play(scenario, api)
    assert len(api.heard) == 1


def test_the_final_report_is_repeated_until_it_is_heard() -> None:
    api = ScriptedApi(heartbeats=[Accepted(plan("inventory")), *[Unavailable("down")] * 8])

    async def scenario(machine: Machine) -> None:
        await netboot(machine)
        await until(lambda: "progress" not in api.heard[-1] and len(api.heard) > 8)

    play(scenario, api)
    assert [r["status"] for r in api.reports[-3:]] == ["succeeded"] * 3
    assert not api.heartbeats


def test_work_goes_on_while_the_api_is_away() -> None:
    down = [Unavailable("down")] * 3
    api = ScriptedApi(heartbeats=[Accepted(plan(write_image(image_size_mb=100))), *down])

    async def scenario(machine: Machine) -> None:
        await netboot(machine)
        await until(lambda: machine.disks[1].bootable)
        await until(lambda: api.reports[-1]["status"] == "succeeded")

    play(scenario, api)


def test_a_stale_plan_is_dropped_and_heartbeats_go_on() -> None:
    api = ScriptedApi(
        heartbeats=[Accepted(plan(write_image(image_size_mb=4000))), Accepted(None), Unknown()]
    )

    async def scenario(machine: Machine) -> None:
        await netboot(machine)
        await until(lambda: len(api.heard) > 5)

    machine = play(scenario, api)
    assert len(api.reports) == 2
    assert machine.disks[1].content is not None
    assert not machine.disks[1].bootable


def test_a_plan_that_is_handed_out_twice_is_done_once() -> None:
    again = plan("inventory")
    api = ScriptedApi(
        heartbeats=[Accepted(again), Accepted(None), Accepted(again), Accepted(again)],
    )

    async def scenario(machine: Machine) -> None:
        await netboot(machine)
        await until(lambda: len(api.heard) > 6)

    play(scenario, api)
    statuses = [report["status"] for report in api.reports]
    finished = statuses.index("succeeded")
    assert set(statuses[finished:]) == {"succeeded"}
    assert len(statuses[finished:]) >= 2


def test_never_boots() -> None:
    api = ScriptedApi()

    async def scenario(machine: Machine) -> None:
        machine.boot_options.set(5, PXE_ONCE)
        machine.control(PowerAction.ON)
        await asyncio.sleep(0.03)

    machine = play(scenario, api, agent_faults=AgentFaults(never_boots=True))
    assert machine.powered_on is False, "stopped at the end"
    assert (machine.running, api.lookups_heard) == (Running.FIRMWARE, 0)


def test_slow_boot() -> None:
    async def scenario(machine: Machine) -> None:
        began = asyncio.get_running_loop().time()
        await netboot(machine)
        assert asyncio.get_running_loop().time() - began >= 0.05

    play(scenario, ScriptedApi(), agent_faults=AgentFaults(slow_boot=10))


def test_die_at_step() -> None:
    api = ScriptedApi(heartbeats=[Accepted(plan("inventory", write_image(image_size_mb=100)))])

    async def scenario(machine: Machine) -> None:
        await netboot(machine)
        await until(lambda: machine.disks[1].content is not None)
        await asyncio.sleep(0.02)
        heard = len(api.heard)
        await asyncio.sleep(0.03)
        assert len(api.heard) == heard
        assert machine.running is Running.RAMDISK, "power and screen look as ever"

    play(scenario, api, agent_faults=AgentFaults(die_at_step="write_image"))
    assert {report["status"] for report in api.reports} == {"running"}


def test_fail_at_step_and_then_recover() -> None:
    api = ScriptedApi(heartbeats=[Accepted(plan("inventory", "burn_in"))])
    faults = AgentFaults(fail_at_step="burn_in", fail_message="too hot", first_boots=1)

    async def scenario(machine: Machine) -> None:
        await netboot(machine)
        await until(lambda: api.reports and api.reports[-1]["status"] == "failed")
        assert api.reports[-1]["error"] == "too hot"
        machine.control(PowerAction.OFF)
        api.heartbeats = [Accepted(plan("burn_in", uuid="plan-2"))]
        await netboot(machine)
        await until(lambda: api.reports[-1]["status"] == "succeeded")

    play(scenario, api, agent_faults=faults)


def test_disappears_after_heartbeat() -> None:
    api = ScriptedApi()

    async def scenario(machine: Machine) -> None:
        await netboot(machine)
        await asyncio.sleep(0.05)

    play(scenario, api, agent_faults=AgentFaults(disappears_after_heartbeat=2))
    assert len(api.heard) == 2


def test_wrong_token() -> None:
    api = ScriptedApi(heartbeats=[Refused()])

    async def scenario(machine: Machine) -> None:
        await netboot(machine)
        await until(lambda: bool(api.heard))

    play(scenario, api, agent_faults=AgentFaults(wrong_token=True))
    assert api.heard[0]["agent_token"] != "token-1"
