"""What ACME machines find when they boot."""

from baremetal.domain.node import Node
from baremetal.drivers.interfaces import BootInterface

from .machine import PROPERTIES, opened


class AcmeBoot(BootInterface):
    """Puts a ramdisk beside the machine, and takes it away."""

    properties = PROPERTIES

    def prepare_ramdisk(self, node: Node) -> None:
        """Put it there."""
        with opened(node, "prepare_ramdisk") as machine:
            machine["ramdisk"] = True

    def clean_up_ramdisk(self, node: Node) -> None:
        """Take it away, if it is there."""
        with opened(node, "clean_up_ramdisk") as machine:
            machine["ramdisk"] = False

    def prepare_instance(self, node: Node) -> None:
        """The disk has it all."""
        with opened(node, "prepare_instance"):
            pass
