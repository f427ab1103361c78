"""Network boot by iPXE: a script for each machine, which fetches kernel and ramdisk by HTTP."""

from typing import Final

from baremetal.domain.errors import InvalidInput
from baremetal.domain.node import Node
from baremetal.drivers.boot import layout
from baremetal.drivers.interfaces import BootInterface, Property
from baremetal.drivers.interfaces.place import BootPlace

_SCRIPT: Final = """#!ipxe
# Node {node}
kernel {kernel} initrd=ramdisk ipa-api-url={api} BOOTIF=01-{card} {more}
initrd --name ramdisk {ramdisk}
boot
"""


class IpxeBoot(BootInterface):
    """Boot the agent's ramdisk from the network by iPXE, and the instance from the disk.

    A machine is handed something only while an operation wants its agent. Where the conductor
    also manages DHCP, it gets no address before, nor after.
    """

    ramdisk_device = "pxe"
    is_served = True
    properties = (
        Property(
            "deploy_kernel",
            "Kernel of the agent's ramdisk, instead of the conductor's own.",
            "http://images.example.org/vmlinuz",
            kind="url",
        ),
        Property(
            "deploy_ramdisk",
            "The agent's ramdisk, instead of the conductor's own.",
            "file:///var/lib/baremetal/ramdisks/agent.img",
            kind="url",
        ),
        Property(
            "kernel_append_params",
            "Arguments for the kernel of the ramdisk, instead of the conductor's own.",
            "console=ttyS1,115200",
        ),
    )

    def validate(self, node: Node) -> None:
        """Return if there is something to boot, and a card to boot it by.

        :raises InvalidInput: what is missing, and where to say it.
        """
        super().validate(node)
        for name in ("deploy_kernel", "deploy_ramdisk"):
            layout.local_file(self._place(), self._of(node, name))
        if not node.macs:
            raise InvalidInput(
                f"Node {node.title} has no port, so nothing can be prepared for its network card: "
                "baremetal port create --node NODE MAC."
            )
        arguments = self._arguments(node)
        if not arguments.isprintable():
            raise InvalidInput("kernel_append_params must be one line of printable characters.")

    def prepare_ramdisk(self, node: Node) -> None:
        """Lay out a script for each card, and let DHCP answer them."""
        self.validate(node)
        place = self._place()
        kernel = layout.reachable(place, self._of(node, "deploy_kernel"))
        ramdisk = layout.reachable(place, self._of(node, "deploy_ramdisk"))
        scripts = {
            mac: _SCRIPT.format(
                node=node.uuid,
                kernel=kernel,
                ramdisk=ramdisk,
                api=place.api_url,
                card=layout.file_name(mac),
                more=self._arguments(node),
            )
            for mac in node.macs
        }
        layout.offer(place, scripts)

    def clean_up_ramdisk(self, node: Node) -> None:
        """Take the scripts away, and let DHCP be silent again."""
        if self.place is not None:
            layout.withdraw(self.place, node.macs)

    def prepare_instance(self, node: Node) -> None:
        """Nothing of ours stands before the disk; the boot device, which the flow sets, is all."""
        self.clean_up_ramdisk(node)

    def _place(self) -> BootPlace:
        if self.place is None:
            raise InvalidInput(
                "This conductor serves nothing to boot: [netboot]host or [netboot]url must be set."
            )
        return self.place

    def _of(self, node: Node, name: str) -> str:
        """A URL that the node names, else the place."""
        url = str(node.driver_info.get(name) or getattr(self._place(), name))
        if not url:
            raise InvalidInput(
                f"driver_info/{name} is missing, and so is [netboot]{name}. "
                "baremetal-ramdisk builds a ramdisk, and says which kernel goes with it."
            )
        if any(character.isspace() for character in url):
            raise InvalidInput(f"{name} must be a URL without spaces, not '{url[:80]}'.")
        return url

    def _arguments(self, node: Node) -> str:
        own = node.driver_info.get("kernel_append_params")
        return str(self._place().kernel_append_params if own is None else own)
