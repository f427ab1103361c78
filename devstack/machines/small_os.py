"""A whole-disk image of a small operating system: Debian's kernel, busybox, GRUB, a login prompt.

    python -m devstack.machines.small_os FILE

It is 64 MiB with one ext4 partition, boots from a BIOS, and speaks on the first serial port. It is
built as plain files, without root.
"""

import argparse
import struct
import sys
import tempfile
from pathlib import Path

from baremetal import commands
from baremetal.agent.recipe import modules, programs
from baremetal.agent.recipe.archive import Tree
from baremetal.agent.recipe.build import publish
from baremetal.domain.errors import BaremetalError, InvalidInput

MIB = 1 << 20
SIZE = 64 * MIB
HOST_NAME = "deployed"
#: What its user sees on the serial line when it is up.
PROMPT = f"{HOST_NAME} login:"

_START = MIB
_MODULES = ("virtio_pci", "virtio_blk", "ata_piix", "sd_mod", "nvme", "isofs")
_GRUB = Path("/usr/lib/grub/i386-pc")
_GRUB_MODULES = ("biosdisk", "part_msdos", "ext2", "linux", "normal", "configfile", "serial")
_MENU = """serial --unit=0 --speed=115200
terminal_output serial
set timeout=0
menuentry test { linux /boot/vmlinuz console=ttyS0 quiet edd=off
 initrd /boot/initrd.img }
"""
_INIT = f"""#!/bin/sh
export PATH=/bin:/sbin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
hostname {HOST_NAME}
modprobe -a -b -q {" ".join(_MODULES)} 2>/dev/null
if drive=$(findfs LABEL=config-2) && mount -t iso9660 -o ro $drive /mnt; then
    echo "config drive: $(cat /mnt/openstack/latest/meta_data.json)" >/dev/console
fi
while :; do setsid getty -L 115200 ttyS0 vt100; done
"""


def build(output: Path) -> None:
    """Write the image.

    :raises InvalidInput: a package is not installed.
    :raises CommandFailed: a tool fails.
    """
    if not (_GRUB / "boot.img").exists():
        raise InvalidInput("GRUB is not installed; Debian has it in grub-pc-bin and grub-common.")
    version = modules.newest_kernel()
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        boot = home / "root/boot"
        (boot / "grub").mkdir(parents=True)
        (boot / "vmlinuz").write_bytes(Path(f"/boot/vmlinuz-{version}").read_bytes())
        (boot / "initrd.img").write_bytes(_initramfs(version).packed())
        (boot / "grub/grub.cfg").write_text(_MENU)
        system = home / "ext4"
        with system.open("wb") as out:
            out.truncate(SIZE - _START)
        make = ("mke2fs", "-q", "-t", "ext4", "-L", "root", "-d", str(home / "root"), str(system))
        commands.run(make, package="e2fsprogs")
        core = home / "core.img"
        where = ("-O", "i386-pc", "-p", "(hd0,msdos1)/boot/grub", "-o", str(core))
        commands.run(("grub-mkimage", *where, *_GRUB_MODULES), package="grub-common")
        publish(output, _disk(core.read_bytes(), system.read_bytes()))


def _initramfs(version: str) -> Tree:
    tree = Tree()
    for name in ("dev", "mnt", "proc", "root", "sys"):
        tree.directory(name)
    tree.console("dev/console")
    tree.file("init", _INIT.encode(), executable=True)
    tree.file("etc/passwd", b"root::0:0:root:/root:/bin/sh\n")
    tree.file("etc/group", b"root:x:0:\n")
    programs.add_busybox(tree)
    modules.add_modules(tree, version, _MODULES)
    return tree


def _disk(core: bytes, system: bytes) -> bytes:
    """GRUB's first sector with a partition table, GRUB itself behind it, and the partition."""
    table = struct.pack("<BxxxBxxxII", 0x80, 0x83, _START // 512, len(system) // 512)
    first = (_GRUB / "boot.img").read_bytes()[:440].ljust(446, b"\x00") + table
    front = first.ljust(510, b"\x00") + b"\x55\xaa" + core
    return front.ljust(_START, b"\x00") + system


def main() -> int:
    """Exit status 0 when the image is there."""
    parser = argparse.ArgumentParser("python -m devstack.machines.small_os")
    parser.add_argument("file", type=Path)
    try:
        build(parser.parse_args().file.resolve())
    except (BaremetalError, OSError) as error:
        print(f"test OS: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
