"""The steps that the agent knows, and what each does to this machine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from baremetal.agent import config_drive, erase, image
from baremetal.agent.block import MIB, Disk, Report
from baremetal.agent.failure import StepFailed
from baremetal.agent.hardware import Hardware
from baremetal.agent.partitions import partitions
from baremetal.domain.root_device import BadHint, NoSuchDisk, root_disk

_BOOT_SIGNATURE: Final = b"\x55\xaa"
Args = Mapping[str, Any]


@dataclass(slots=True)
class Standing:
    """How far the step that runs is; it writes, the reports read."""

    fraction: float = 0.0
    message: str = ""

    def count(self, done: int, total: int | None, verb: str) -> None:
        """So many bytes of `total`."""
        if total:
            self.fraction = min(done / total, 1.0)
        of = f" of {total // MIB}" if total else ""
        self.message = f"{verb} {done // MIB}{of} MiB"


@dataclass(slots=True)
class Steps:
    """The hands of the agent, on one machine."""

    hardware: Hardware
    boot_mac: str | None = None
    #: Disks that read as zeros since this agent has erased them.
    _blank: set[str] = field(default_factory=set)
    _root: str | None = None

    def check(self, name: str, args: Args) -> None:
        """Return if such a step can be begun; asked of all before the first is.

        :raises StepFailed: it cannot.
        """
        if name not in _KNOWN:
            raise StepFailed(f"this agent knows no step {name}; it knows {', '.join(_KNOWN)}")
        if name == "write_image":
            self._root_disk(args)

    def run(self, name: str, args: Args, standing: Standing) -> Any:
        """Do it; what it has found, if anything.

        :raises StepFailed: it cannot be done.
        """
        try:
            return _KNOWN[name](self, args, standing)
        except OSError as error:
            raise StepFailed(str(error)) from error
        except StepFailed:
            raise
        except Exception as error:
            # Told to the operator; an agent that ends here would only be silent.
            raise StepFailed(f"{name}: {type(error).__name__}: {error}") from error

    def inventory(self, _args: Args, standing: Standing) -> Any:
        """Look at the hardware."""
        standing.message = "looking at the hardware"
        return self.hardware.inventory(self.boot_mac)

    def erase_devices_metadata(self, _args: Args, standing: Standing) -> None:
        """Of all disks."""
        for name in self._disks():
            standing.message = f"erasing the metadata of {name}"
            with Disk(name) as disk:
                erase.erase_metadata(disk)
                disk.reread_partitions()

    def erase_devices(self, _args: Args, standing: Standing) -> None:
        """All bytes of all disks."""
        disks = self._disks()
        total, before = sum(disks.values()), 0

        def counted(before: int) -> Report:
            return lambda done: standing.count(before + done, total, "erased")

        for name, size in disks.items():
            with Disk(name) as disk:
                erase.erase_all(disk, counted(before))
                disk.reread_partitions()
            self._blank.add(name)
            before += size

    def write_image(self, args: Args, standing: Standing) -> Any:
        """Onto the root disk; where, and how much."""
        name = self._root_disk(args)
        wanted = image.image_of(args)

        def told(progress: image.Progress) -> None:
            standing.count(progress.read, progress.size, "read")

        with Disk(name) as disk:
            blank = name in self._blank
            self._blank.discard(name)
            progress = image.write_image(wanted, disk, told, blank=blank)
            disk.reread_partitions()
        self._root = name
        return {"disk": name, "written": progress.written, "zeroed": progress.zeroed}

    def config_drive(self, args: Args, standing: Standing) -> None:
        """Beside the image."""
        standing.message = "writing the config drive"
        content = config_drive.content_of(args.get("configdrive"))
        with Disk(self._written()) as disk:
            config_drive.write(disk, content)
            disk.reread_partitions()

    def install_bootloader(self, _args: Args, standing: Standing) -> None:
        """Whole-disk images bring their own; see that this one did."""
        standing.message = "looking for the boot loader"
        with Disk(self._written()) as disk:
            if disk.read(510, 2) != _BOOT_SIGNATURE or not partitions(disk):
                raise StepFailed(
                    "The image has no partition table. The agent writes whole-disk images, which "
                    "bring their own boot loader."
                )

    def _disks(self) -> dict[str, int]:
        disks = {str(disk["name"]): int(disk["size"]) for disk in self.hardware.disks()}
        if not disks:
            raise StepFailed("The machine has no disk that can be written")
        return disks

    def _root_disk(self, args: Args) -> str:
        hints = args.get("root_device")
        try:
            if hints is not None and not isinstance(hints, Mapping):
                raise BadHint("root_device must be an object of hints")
            return str(root_disk(self.hardware.disks(), hints)["name"])
        except (BadHint, NoSuchDisk) as error:
            raise StepFailed(str(error)) from error

    def _written(self) -> str:
        if self._root is None:
            raise StepFailed("No image was written before")
        return self._root


_KNOWN: Final[Mapping[str, Callable[[Steps, Args, Standing], Any]]] = {
    "inventory": Steps.inventory,
    "erase_devices_metadata": Steps.erase_devices_metadata,
    "erase_devices": Steps.erase_devices,
    "write_image": Steps.write_image,
    "config_drive": Steps.config_drive,
    "install_bootloader": Steps.install_bootloader,
}
