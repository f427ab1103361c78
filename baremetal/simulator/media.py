"""Virtual media of machines that are made up: any image is a ramdisk."""


class RememberedMedia:
    """A drive that knows what is in it, and reads nothing (baremetal.simulator.bmc.chassis)."""

    __slots__ = ("image",)

    def __init__(self) -> None:
        self.image = ""

    async def insert(self, image: str, access: tuple[str, str] | None) -> None:
        """Put an image in; that it can be read is taken for granted."""
        self.image = image

    async def eject(self) -> None:
        """Take it out."""
        self.image = ""
