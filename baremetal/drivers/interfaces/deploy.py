"""Deploy: get an image onto a machine, and erase what was there."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from baremetal.domain.node import Node
from baremetal.domain.outcomes import Plan
from baremetal.drivers.interfaces.base import Interface, Property, check


class DeployInterface(Interface):
    """Says what is to be done to a machine's disks, as plans for an agent.

    Capability ``agent``: an agent on the machine executes the plans. Without it the
    conductor calls `execute` for each step.
    """

    kind: ClassVar = "deploy"
    #: Fields of ``instance_info`` that a deploy reads.
    instance_properties: ClassVar[tuple[Property, ...]] = ()

    def validate_instance(self, node: Node) -> None:
        """Return if the node says all that a deploy needs. Called if any are declared.

        :raises InvalidInput: with each field, why, and an example.
        """
        check(self.instance_properties, node.instance_info, "instance_info")

    @abstractmethod
    def deploy_plan(self, node: Node) -> Plan:
        """What turns an empty machine into a deployed one."""

    @abstractmethod
    def clean_plan(self, node: Node) -> Plan:
        """What makes a machine fit for its next user."""

    def named_plan(self, node: Node, kind: str, steps: Sequence[Mapping[str, Any]]) -> Plan:
        """The steps that an operator asked for: ``{"interface", "step", "args"}`` each.

        :raises InvalidInput: a step that this driver does not have.
        """
        raise NotImplementedError

    def execute(self, node: Node, name: str, args: Mapping[str, Any]) -> None:
        """Do one step of a plan from here, for drivers that need no agent."""
        raise NotImplementedError
