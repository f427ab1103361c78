"""A boot that nothing starts from."""

from baremetal.domain.node import Node
from baremetal.drivers.interfaces import BootInterface


class FakeBoot(BootInterface):
    """Lays out nothing, and so has nothing to take back."""

    ramdisk_device = None

    def prepare_ramdisk(self, node: Node) -> None:
        """Nothing is needed."""

    def clean_up_ramdisk(self, node: Node) -> None:
        """Nothing was laid out."""

    def prepare_instance(self, node: Node) -> None:
        """Nothing is needed."""
