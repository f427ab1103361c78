"""Deploys that an ACME chassis does by itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from baremetal.domain.errors import DriverError, InvalidInput
from baremetal.domain.node import Node
from baremetal.domain.outcomes import Plan, PlanStep
from baremetal.drivers.deploy.steps import HOLD
from baremetal.drivers.interfaces import DeployInterface

from .machine import PROPERTIES, opened

_STEPS = ("erase_devices", "polish", HOLD)


class AcmeDeploy(DeployInterface):
    """Writes to the disk from outside."""

    properties = PROPERTIES

    def deploy_plan(self, node: Node) -> Plan:
        """Write, then look."""
        return Plan("deploy", (PlanStep("write"), PlanStep("compare")))

    def clean_plan(self, node: Node) -> Plan:
        """Erase."""
        return Plan("clean", (PlanStep("erase_devices"),))

    def named_plan(self, node: Node, kind: str, steps: Sequence[Mapping[str, Any]]) -> Plan:
        """What was asked for."""
        for step in steps:
            if step["step"] not in _STEPS:
                raise InvalidInput(f"ACME machines have no step {step['step']}.")
        return Plan(kind, tuple(PlanStep(step["step"], step.get("args") or {}) for step in steps))

    def execute(self, node: Node, name: str, args: Mapping[str, Any]) -> None:
        """Do it."""
        with opened(node, f"execute {name}") as machine:
            if name == "write":
                machine["disk"] = str(node.instance_info.get("image_source") or "image")
            elif name == "erase_devices":
                machine["disk"] = ""
            elif name == "compare" and not machine["disk"]:
                raise DriverError("What was written is not on the disk.")
