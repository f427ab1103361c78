"""What the machine is made of, as Linux tells it in /proc and /sys.

The shape is that of ironic-python-agent's inventory; sizes are bytes unless a name says otherwise.
"""

import os
import struct
from pathlib import Path
from typing import Any, Final

_SECTOR: Final = 512
_MIB: Final = 1 << 20
#: Block devices that are no disks: loops, memory, optical and floppy drives, and what is made of
#: disks.
_NO_DISKS: Final = ("loop", "ram", "zram", "sr", "fd", "dm-", "md", "nbd", "mtd")
#: SMBIOS 3.6, 7.18: a memory device, and where its size is.
_MEMORY_DEVICE: Final = 17
_SIZE_AT, _EXTENDED_SIZE_AT = 0x0C, 0x1C
_ASK_EXTENDED: Final = 0x7FFF


class Hardware:
    """Looks at this machine; `root` is another one's /, for tests."""

    def __init__(self, root: Path = Path("/")) -> None:
        """Nothing is read yet."""
        self._sys = root / "sys"
        self._proc = root / "proc"

    def inventory(self, boot_mac: str | None = None) -> dict[str, Any]:
        """All of it."""
        return {
            "interfaces": self.interfaces(),
            "cpu": self._cpu(),
            "disks": self.disks(),
            "memory": self._memory(),
            "system_vendor": self._vendor(),
            "boot": {
                "current_boot_mode": "uefi" if (self._sys / "firmware/efi").exists() else "bios",
                "pxe_interface": boot_mac,
            },
            "hostname": None,
        }

    def macs(self) -> list[str]:
        """Of its network cards."""
        return [card["mac_address"] for card in self.interfaces()]

    def interfaces(self) -> list[dict[str, Any]]:
        """Its network cards; bridges and the like are none."""
        cards = sorted(path for path in (self._sys / "class/net").glob("*"))
        return [
            {
                "name": card.name,
                "mac_address": _text(card / "address"),
                "has_carrier": _text(card / "carrier") == "1",
                "lldp": None,
                "vendor": _text(card / "device/vendor"),
                "product": _text(card / "device/device"),
                "biosdevname": None,
            }
            for card in cards
            if (card / "device").exists()
        ]

    def disks(self) -> list[dict[str, Any]]:
        """Those that can be written, in the order of their names."""
        found = []
        for block in sorted((self._sys / "block").glob("*")):
            size = int(_text(block / "size") or 0) * _SECTOR
            # Hidden: one of several ways to a disk that has a name of its own.
            usable = all(_text(block / name) != "1" for name in ("ro", "removable", "hidden"))
            if size and usable and not block.name.startswith(_NO_DISKS):
                found.append(self._disk(block, size))
        return found

    def _disk(self, block: Path, size: int) -> dict[str, Any]:
        device = block / "device"
        where = Path(os.path.realpath(device))
        wwn = _wwn(_text(block / "wwid") or _text(device / "wwid"))
        hctl = where.name if where.name.count(":") == 3 else None
        return {
            "name": f"/dev/{block.name}",
            "model": _text(device / "model"),
            "size": size,
            "rotational": _text(block / "queue/rotational") == "1",
            "wwn": wwn and wwn[:18],
            "wwn_with_extension": wwn,
            "wwn_vendor_extension": f"0x{wwn[18:]}" if wwn and len(wwn) > 18 else None,
            "serial": _text(block / "serial") or _text(device / "serial") or _page_80(device),
            "vendor": _text(device / "vendor"),
            "hctl": hctl,
            "by_path": _by_path(where, hctl),
        }

    def _cpu(self) -> dict[str, Any]:
        lines = [line.partition(":") for line in _lines(self._proc / "cpuinfo")]
        facts = {name.strip(): value.strip() for name, _, value in reversed(lines)}
        return {
            "model_name": facts.get("model name"),
            "frequency": facts.get("cpu MHz"),
            "count": sum(1 for name, _, _ in lines if name.strip() == "processor"),
            "architecture": os.uname().machine,
            "flags": facts.get("flags", "").split(),
        }

    def _memory(self) -> dict[str, Any]:
        facts = dict(line.split(":", 1) for line in _lines(self._proc / "meminfo") if ":" in line)
        total = int(facts.get("MemTotal", "0 kB").split()[0]) << 10
        # The kernel counts without its own; whoever bought the memory does not.
        return {"total": total, "physical_mb": self._installed_mib() or total // _MIB}

    def _installed_mib(self) -> int:
        """What is in the memory slots, as the firmware's tables say; 0 where they do not."""
        try:
            table = (self._sys / "firmware/dmi/tables/DMI").read_bytes()
        except OSError:
            return 0
        total = at = 0
        while at + 4 <= len(table):
            kind, length = table[at], table[at + 1]
            if kind == _MEMORY_DEVICE and length > _SIZE_AT + 1:
                total += _module_mib(table[at : at + length])
            end = table.find(b"\x00\x00", at + length)
            if end < 0 or length < 4:
                break
            at = end + 2
        return total

    def _vendor(self) -> dict[str, Any]:
        dmi = self._sys / "class/dmi/id"
        return {
            "product_name": _text(dmi / "product_name"),
            "serial_number": _text(dmi / "product_serial"),
            "manufacturer": _text(dmi / "sys_vendor"),
        }


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []


def _text(path: Path) -> str | None:
    """A file of one line; None where it is not there, empty, or cannot be read."""
    try:
        return path.read_text(errors="replace").strip(" \t\n\x00") or None
    except OSError:
        return None


def _wwn(wwid: str | None) -> str | None:
    """The name as udev has it, of the kernel's ``naa.5000c500a1b2c3d4``; eui names stay."""
    if wwid is None or wwid.startswith("t10."):
        return None
    return f"0x{wwid.removeprefix('naa.')}" if wwid.startswith("naa.") else wwid


def _page_80(device: Path) -> str | None:
    """The serial number of a SCSI disk, from its vital product data (SPC-4, 7.8.15)."""
    try:
        page = (device / "vpd_pg80").read_bytes()
    except OSError:
        return None
    return page[4:].decode(errors="replace").strip(" \x00") or None


def _by_path(where: Path, hctl: str | None) -> str | None:
    """The name by which udev would link to it, for disks behind PCI."""
    slots = [part for part in where.parts if part.count(":") == 2 and "." in part]
    if not slots:
        return None
    at = f"/dev/disk/by-path/pci-{slots[-1]}"
    ata = next((part for part in where.parts if part.startswith("ata")), None)
    if where.name.startswith("nvme"):
        return f"{at}-nvme-1"
    if ata is not None:
        return f"{at}-ata-{ata.removeprefix('ata')}"
    return f"{at}-scsi-{hctl}" if hctl else at


def _module_mib(entry: bytes) -> int:
    (size,) = struct.unpack_from("<H", entry, _SIZE_AT)
    if size == _ASK_EXTENDED and len(entry) >= _EXTENDED_SIZE_AT + 4:
        (extended,) = struct.unpack_from("<I", entry, _EXTENDED_SIZE_AT)
        return int(extended) & 0x7FFFFFFF
    if size in (0, 0xFFFF):
        return 0
    # Bit 15: in KiB.
    return (size & 0x7FFF) >> 10 if size & 0x8000 else int(size)
