"""Boot: make a machine start a ramdisk, or what is on its disk."""

from abc import abstractmethod
from typing import ClassVar

from baremetal.domain.node import Node
from baremetal.drivers.interfaces.base import Interface
from baremetal.drivers.interfaces.place import BootPlace


class BootInterface(Interface):
    """Prepares what a machine finds when it boots. It does not touch its power."""

    kind: ClassVar = "boot"
    #: The boot device that leads to the ramdisk; None where there is no real one.
    ramdisk_device: ClassVar[str | None] = "pxe"
    #: Whether the ramdisk is booted from what lies at the conductor: if the node becomes another
    #: one's in the middle, that one must call `prepare_ramdisk` as well.
    is_served: ClassVar[bool] = False
    #: What the conductor serves to machines that boot, which it sets; None where it serves nothing.
    place: BootPlace | None = None

    @abstractmethod
    def prepare_ramdisk(self, node: Node) -> None:
        """Let the machine's next boot start the agent's ramdisk."""

    @abstractmethod
    def clean_up_ramdisk(self, node: Node) -> None:
        """Take back what `prepare_ramdisk` laid out; also when it is gone already."""

    @abstractmethod
    def prepare_instance(self, node: Node) -> None:
        """Let the machine's next boots start what is on its disk."""

    def clean_up_instance(self, node: Node) -> None:
        """Take back what `prepare_instance` laid out."""
