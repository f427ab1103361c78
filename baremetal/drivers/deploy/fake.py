"""A deploy that writes nothing anywhere."""

from collections.abc import Mapping, Sequence
from typing import Any

from baremetal.domain.node import Node
from baremetal.domain.outcomes import Plan, PlanStep
from baremetal.drivers.deploy.steps import named_steps
from baremetal.drivers.interfaces import DeployInterface

_CLEAN_STEPS = ("erase_devices", "erase_devices_metadata", "update_firmware", "test_memory")


class FakeDeploy(DeployInterface):
    """Plans whose steps succeed at once."""

    def deploy_plan(self, node: Node) -> Plan:
        """One step."""
        return Plan("deploy", (PlanStep("deploy"),))

    def clean_plan(self, node: Node) -> Plan:
        """One step."""
        return Plan("clean", (PlanStep("erase_devices_metadata"),))

    def named_plan(self, node: Node, kind: str, steps: Sequence[Mapping[str, Any]]) -> Plan:
        """The steps asked for, if they are known."""
        return Plan(kind, named_steps(steps, _CLEAN_STEPS, "fake"))

    def execute(self, node: Node, name: str, args: Mapping[str, Any]) -> None:
        """Succeed."""
