"""The contracts of inspect, rescue and console."""

import json
from dataclasses import replace

import pytest

from baremetal.conductor.inventory import properties_of
from baremetal.domain.errors import DriverError
from baremetal.domain.node import normal_mac
from baremetal.drivers.interfaces import ConsoleInterface, InspectInterface, RescueInterface
from tests.contract.drivers.benches import Bench, only, wired


class TestInspect:
    kind = "inspect"

    def test_an_agent_gets_a_plan_that_leads_to_an_inventory(
        self, interface: InspectInterface, bench: Bench
    ) -> None:
        plan = interface.inspect_plan(bench.node)
        assert (plan is not None) is ("agent" in interface.capabilities)
        if plan is not None:
            assert plan.kind == "inspect"
            assert "inventory" in [step.name for step in plan.steps]

    @only(lambda _name, cls: "agent" not in cls.capabilities)
    def test_without_an_agent_it_says_itself_what_a_scheduler_needs(
        self, interface: InspectInterface, bench: Bench
    ) -> None:
        inventory = dict(interface.inventory(bench.node))
        assert json.loads(json.dumps(inventory)) == inventory
        found = properties_of(inventory)
        assert set(found) == {"cpus", "cpu_arch", "memory_mb", "local_gb"}
        assert all(found.values())
        macs = [port["mac_address"] for port in inventory["interfaces"]]
        assert macs == [normal_mac(mac) for mac in macs] == list(bench.node.macs)
        assert interface.inventory(bench.node) == inventory

    @wired
    def test_nobody_answers(self, interface: InspectInterface, bench: Bench) -> None:
        for node in filter(None, (bench.silent, bench.refused)):
            with pytest.raises(DriverError):
                interface.inventory(node)


class TestRescue:
    kind = "rescue"

    def test_there_is_a_plan_or_none_is_needed(
        self, interface: RescueInterface, bench: Bench
    ) -> None:
        node = replace(bench.node, instance_info={"rescue_password": "hunter2"})
        plan = interface.rescue_plan(node)
        if plan is not None:
            assert plan.kind == "rescue"
            assert plan.steps
            assert "hunter2" in json.dumps(plan.as_data("uuid", 5.0))
        assert interface.rescue_plan(node) == plan


class TestConsole:
    kind = "console"

    def test_it_is_opened_and_closed_and_each_twice(
        self, interface: ConsoleInterface, bench: Bench
    ) -> None:
        for _ in range(2):
            interface.start_console(bench.node)
        assert set(interface.get_console(bench.node)) == {"type", "url"}
        for _ in range(2):
            interface.stop_console(bench.node)

    @wired
    def test_nobody_answers(self, interface: ConsoleInterface, bench: Bench) -> None:
        for node in filter(None, (bench.silent, bench.refused)):
            with pytest.raises(DriverError):
                interface.start_console(node)
