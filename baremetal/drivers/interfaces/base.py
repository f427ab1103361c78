"""What all interfaces share: capabilities and fields declared as data, and validation."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from baremetal.domain.figures import Figure
from baremetal.domain.node import Node
from baremetal.domain.properties import Property, check

__all__ = ["Interface", "Property", "check"]


class Interface:
    """The base of all interfaces.

    A driver keeps no state of its own between calls, so any conductor can go on.
    """

    #: Fields of ``driver_info`` that it reads.
    properties: ClassVar[tuple[Property, ...]] = ()
    #: Words for optional abilities; each interface says which ones it knows.
    capabilities: ClassVar[frozenset[str]] = frozenset()

    def validate(self, node: Node) -> None:
        """Return if the node has all that this interface needs.

        :raises InvalidInput: with each field, why, and an example.
        """
        if self.properties:
            check(self.properties, node.driver_info, "driver_info")

    def evidence(self, node: Node) -> Mapping[str, Any]:
        """What this process remembers of the machine, for the autopsy of a failed operation.

        ``bmc`` is a list of the last exchanges, oldest first, each with ``at`` (ISO 8601),
        ``command`` and ``outcome``; ``try`` is a list of shell commands by which a person may
        ask the machine without us. No secret stands in any of it. Nobody is asked now.
        """
        return {}

    def figures(self) -> Iterable[Figure]:
        """What this process has counted of its dealings with machines, for metrics."""
        return ()


def validate_all(node: Node, *interfaces: Interface) -> None:
    """Return if the node has all that these interfaces need.

    :raises InvalidInput: with each field of the first that is not content.
    """
    for interface in interfaces:
        interface.validate(node)
