"""Boot from virtual media: the BMC shows the machine an image as a CD, without DHCP or TFTP."""

from typing import Final

from sushy import VirtualMediaType
from sushy.resources.manager.virtual_media import VirtualMedia
from sushy.resources.system.system import System

from baremetal.domain import autopsy
from baremetal.domain.node import Node
from baremetal.domain.properties import Property
from baremetal.drivers.interfaces import BootInterface
from baremetal.drivers.redfish.access import PROPERTIES, access_of
from baremetal.drivers.redfish.clients import RedfishError, system_of

_DISCS: Final = {VirtualMediaType.CD, VirtualMediaType.DVD}


class RedfishVirtualMediaBoot(BootInterface):
    """Puts the ramdisk's ISO image into the BMC's drive, and takes it out again."""

    ramdisk_device = "cdrom"
    properties = (
        *PROPERTIES,
        Property(
            "deploy_iso",
            "Bootable ISO image of the ramdisk, where the BMC can fetch it.",
            "http://images.example.org/ramdisk.iso",
            kind="url",
            required=True,
        ),
    )

    def prepare_ramdisk(self, node: Node) -> None:
        """Insert the image, unless it is in already."""
        self.validate(node)
        image, access = str(node.driver_info["deploy_iso"]), access_of(node)
        with system_of(access) as system:
            drives = _drives(system)
            if any(drive.inserted and drive.image == image for drive in drives):
                return
            if not drives:
                raise RedfishError(
                    f"The Redfish service at {access.address} has no virtual CD drive for node "
                    f"{node.title}. Choose another boot interface.",
                    cause=autopsy.CONFIGURATION,
                )
            drive = next((drive for drive in drives if not drive.inserted), drives[0])
            if drive.inserted:
                drive.eject_media()
            drive.insert_media(image)

    def clean_up_ramdisk(self, node: Node) -> None:
        """Eject the image, and no other."""
        self.validate(node)
        with system_of(access_of(node)) as system:
            for drive in _drives(system):
                if drive.inserted and drive.image == node.driver_info["deploy_iso"]:
                    drive.eject_media()

    def prepare_instance(self, node: Node) -> None:
        """Let nothing stand before the disk; the boot device, which the flow sets, is the rest."""
        self.clean_up_ramdisk(node)


def _drives(system: System) -> list[VirtualMedia]:
    """The drives of all its managers that take discs."""
    return [
        drive
        for manager in system.managers
        for drive in manager.virtual_media.get_members()
        if not _DISCS.isdisjoint(drive.media_types)
    ]
