"""PXE boot: the machine's firmware asks the network what to start."""

from baremetal.domain.node import Node
from baremetal.drivers.interfaces import BootInterface


class PxeBoot(BootInterface):
    """Boot from the network into the ramdisk, from the disk into the instance.

    Sites bring their own DHCP and TFTP that hand the ramdisk to any machine which
    boots from the network; this driver chooses between network and disk alone.
    """

    ramdisk_device = "pxe"

    def prepare_ramdisk(self, node: Node) -> None:
        """The boot device, which the flow sets, is all that the site's DHCP needs."""

    def clean_up_ramdisk(self, node: Node) -> None:
        """Nothing was laid out."""

    def prepare_instance(self, node: Node) -> None:
        """The boot device, which the flow sets to the disk, is all."""
