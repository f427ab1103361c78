"""What QEMU can open, opened by QEMU in user space, and reached through NBD."""

from baremetal.stores.qemu.export import Export, Limits
from baremetal.stores.qemu.nbd import NbdError

__all__ = ["Export", "Limits", "NbdError"]
