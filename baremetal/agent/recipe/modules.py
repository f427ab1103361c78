"""Kernel modules: which go into a ramdisk, and the tables by which modprobe finds them there."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from baremetal import commands
from baremetal.agent.recipe.archive import Tree
from baremetal.domain.errors import InvalidInput

#: What machines have disks and networks behind. What a kernel does not have is left out.
WANTED: Final = (
    # virtual machines
    *("virtio_pci", "virtio_net", "virtio_blk", "virtio_scsi", "virtio_rng", "vmxnet3"),
    *("vmw_pvscsi", "hv_netvsc", "hv_storvsc", "xen-netfront", "xen-blkfront"),
    # disks
    *("nvme", "ahci", "ata_piix", "sd_mod", "megaraid_sas", "mpt3sas", "hpsa", "smartpqi"),
    *("aacraid", "isci"),
    # network cards
    *("e1000", "e1000e", "igb", "igc", "ixgbe", "i40e", "ice", "tg3", "bnxt_en", "mlx4_en"),
    *("mlx5_core", "r8169", "atlantic", "ena"),
)


def newest_kernel(root: Path = Path("/")) -> str:
    """The version of the newest installed kernel that has its modules.

    :raises InvalidInput: there is none.
    """
    there = [
        path.name.removeprefix("vmlinuz-")
        for path in (root / "boot").glob("vmlinuz-*")
        if (root / "lib/modules" / path.name.removeprefix("vmlinuz-") / "modules.dep").exists()
    ]
    if not there:
        raise InvalidInput(
            f"No kernel with modules is installed in {root}; Debian has it in linux-image-amd64."
        )
    return max(there, key=_version)


def add_modules(tree: Tree, version: str, wanted: Iterable[str] = WANTED) -> None:
    """Put those modules, what they need, and the tables into the tree.

    :raises InvalidInput: that kernel's modules are not installed.
    """
    home = Path("/lib/modules") / version
    if not (home / "modules.dep").exists():
        raise InvalidInput(f"The modules of kernel {version} are not in {home}.")
    paths = sorted({path for name in wanted for path in _needed(version, name)})
    names = {path.stem.replace("-", "_") for path in paths}
    for path in paths:
        tree.file(str(path), path.read_bytes())
    kept = {str(path.relative_to(home)) for path in paths}
    dependencies = [line for line in _lines(home / "modules.dep") if line.partition(":")[0] in kept]
    aliases = [line for line in _lines(home / "modules.alias") if line.split()[-1] in names]
    tree.file(str(home / "modules.dep"), "".join(dependencies).encode())
    tree.file(str(home / "modules.alias"), "".join(aliases).encode())


def _lines(path: Path) -> Sequence[str]:
    return path.read_text().splitlines(keepends=True)


def _needed(version: str, name: str) -> Sequence[Path]:
    """The module's file and those that it needs; nothing where it is no module there."""
    words = ("modprobe", "--set-version", version, "--show-depends", name)
    said = commands.ask(words, package="kmod")
    lines = (line.split() for line in said.out.splitlines())
    return [Path(words[1]) for words in lines if words[:1] == ["insmod"]]


def _version(text: str) -> tuple[tuple[int, str], ...]:
    parts = text.replace("-", ".").split(".")
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)
