"""The contract of deploy."""

import json
from dataclasses import replace

import pytest

from baremetal.domain.errors import InvalidInput
from baremetal.domain.outcomes import Plan
from baremetal.drivers.interfaces import DeployInterface
from tests.contract.drivers.benches import Bench, only


def _check(plan: Plan, kind: str) -> None:
    assert plan.kind == kind
    assert plan.steps
    assert all(step.name and isinstance(step.name, str) for step in plan.steps)
    data = plan.as_data("uuid", 5.0)
    assert json.loads(json.dumps(data)) == data


def _asked(name: str) -> dict[str, object]:
    return {"interface": "deploy", "step": name, "args": {}}


class TestDeploy:
    kind = "deploy"

    def test_its_plans_can_be_sent_to_an_agent(
        self, interface: DeployInterface, bench: Bench
    ) -> None:
        _check(interface.deploy_plan(bench.node), "deploy")
        _check(interface.clean_plan(bench.node), "clean")

    def test_asked_twice_it_plans_the_same(self, interface: DeployInterface, bench: Bench) -> None:
        assert interface.deploy_plan(bench.node) == interface.deploy_plan(bench.node)
        assert interface.clean_plan(bench.node) == interface.clean_plan(bench.node)

    @pytest.mark.parametrize("kind", ["clean", "service"])
    def test_what_it_cleans_with_may_be_asked_for_by_name(
        self, interface: DeployInterface, bench: Bench, kind: str
    ) -> None:
        steps = [step.name for step in interface.clean_plan(bench.node).steps]
        plan = interface.named_plan(bench.node, kind, [_asked(name) for name in steps])
        _check(plan, kind)
        assert [step.name for step in plan.steps] == steps

    def test_a_step_that_it_does_not_have_is_refused_by_its_name(
        self, interface: DeployInterface, bench: Bench
    ) -> None:
        known = interface.clean_plan(bench.node).steps[0].name
        with pytest.raises(InvalidInput, match="repaint"):
            interface.named_plan(bench.node, "clean", [_asked(known), _asked("repaint")])

    def test_an_instance_that_says_all_is_good_and_one_that_does_not_is_told(
        self, interface: DeployInterface, bench: Bench
    ) -> None:
        interface.validate_instance(bench.node)
        required = [prop for prop in interface.instance_properties if prop.required]
        if required:
            with pytest.raises(InvalidInput) as caught:
                interface.validate_instance(replace(bench.node, instance_info={}))
            for prop in required:
                assert f"instance_info/{prop.name} is missing" in caught.value.message

    @only(lambda _name, cls: "agent" not in cls.capabilities)
    def test_without_an_agent_it_does_each_step_itself_and_again(
        self, interface: DeployInterface, bench: Bench
    ) -> None:
        for plan in (interface.deploy_plan(bench.node), interface.clean_plan(bench.node)):
            for step in plan.steps:
                interface.execute(bench.node, step.name, step.args)
                interface.execute(bench.node, step.name, step.args)
