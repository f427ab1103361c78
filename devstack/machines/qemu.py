"""How QEMU is told to be a machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from devstack.machines.description import RackMachine, Shape

PROGRAM = "qemu-system-x86_64"
#: The id of the drive that takes virtual media.
MEDIA_DRIVE = "media"

OVMF_CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
OVMF_VARIABLES = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")

_NICS = {"virtio": "virtio-net-pci", "e1000": "e1000"}
_DISKS = {"virtio": "virtio-blk-pci", "ide": "ide-hd", "nvme": "nvme"}


@dataclass(frozen=True, slots=True)
class Files:
    """What a machine leaves in the rack's directory."""

    home: Path
    name: str

    @property
    def disk(self) -> Path:
        """All that is on its disk; as large as that, with holes."""
        return self.home / f"{self.name}.disk"

    @property
    def variables(self) -> Path:
        """What its UEFI firmware remembers."""
        return self.home / f"{self.name}.vars"

    @property
    def serial(self) -> Path:
        """All that it ever said on its serial port."""
        return self.home / f"{self.name}.serial"

    @property
    def medium(self) -> Path:
        """The virtual medium that is in its drive."""
        return self.home / f"{self.name}.medium"

    @property
    def complaints(self) -> Path:
        """What QEMU said of itself."""
        return self.home / f"{self.name}.qemu.log"


@dataclass(frozen=True, slots=True)
class Boot:
    """How one boot differs from another.

    :ivar order: of network, disk and media, the first to be tried first.
    :ivar medium: whether something is in the drive.
    """

    order: Sequence[str]
    medium: bool


def command(
    machine: RackMachine, shape: Shape, files: Files, boot: Boot, serial: int, control: int
) -> list[str]:
    """The command of one boot; `serial` and `control` are sockets that it inherits.

    The guest's own reset ends it as well, so that each boot asks anew where to boot from.
    """
    return [
        # Should its supervisor be killed, it does not go on alone.
        *("setpriv", "--pdeathsig", "KILL", PROGRAM),
        *("-name", machine.name, "-uuid", str(machine.uuid)),
        # Always without KVM: a device of that name may be there and yet not run common kernels.
        *("-accel", "tcg", "-machine", "pc,graphics=off", "-m", str(shape.memory_mib)),
        *("-smbios", f"type=1,manufacturer=Baremetal,product=Rack,serial={machine.serial_number}"),
        *("-nodefaults", "-display", "none", "-action", "reboot=shutdown"),
        *_firmware(shape, files),
        *_disk(machine, shape, files, boot),
        *_media(files, boot),
        *("-netdev", f"tap,id=net,ifname={machine.tap},script=no,downscript=no"),
        "-device",
        f"{_NICS[shape.nic]},netdev=net,mac={machine.mac},{_turn(boot, 'network')}",
        *("-device", "virtio-rng-pci"),
        *("-chardev", f"socket,id=serial,fd={serial},logfile={files.serial},logappend=on"),
        *("-serial", "chardev:serial"),
        *("-chardev", f"socket,id=control,fd={control}", "-mon", "chardev=control,mode=control"),
    ]


def _firmware(shape: Shape, files: Files) -> list[str]:
    if shape.firmware == "bios":
        return []
    pflash = "if=pflash,format=raw"
    return [
        *("-drive", f"{pflash},readonly=on,file={OVMF_CODE}"),
        *("-drive", f"{pflash},file={files.variables}"),
    ]


def _disk(machine: RackMachine, shape: Shape, files: Files, boot: Boot) -> list[str]:
    # The host's page cache is memory that no power cut of a guest can clear.
    drive = f"if=none,id=disk,format=raw,cache=unsafe,discard=unmap,file={files.disk}"
    device = f"{_DISKS[shape.disk]},drive=disk,serial=D{machine.serial_number}"
    return ["-drive", drive, "-device", f"{device},{_turn(boot, 'disk')}"]


def _media(files: Files, boot: Boot) -> list[str]:
    drive = "if=none,id=medium,media=cdrom,readonly=on"
    if boot.medium:
        drive += f",format=raw,file={files.medium}"
    device = f"ide-cd,id={MEDIA_DRIVE},drive=medium,{_turn(boot, 'media')}"
    return ["-drive", drive, "-device", device]


def _turn(boot: Boot, device: str) -> str:
    return f"bootindex={boot.order.index(device)}"
