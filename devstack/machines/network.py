"""The rack's network: a namespace that lives as long as a process in it, with a bridge and taps.

A namespace without a name needs no cleaning: it goes with its last process, and takes all that
is in it along.
"""

import ctypes
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from devstack.machines.description import ADDRESS, ADDRESS_V6, BRIDGE, PREFIX, PREFIX_V6

_CLONE_NEWNET = 0x40000000


def build(taps: Iterable[str]) -> None:
    """Make bridge and taps in the namespace of this process.

    :raises subprocess.CalledProcessError: the kernel has no bridges or taps, or refuses.
    """
    lines = [
        "link set lo up",
        # No waiting for other bridges, since there are none: a card is connected at once.
        f"link add {BRIDGE} type bridge forward_delay 0",
        f"address add {ADDRESS}/{PREFIX} dev {BRIDGE}",
        f"address add {ADDRESS_V6}/{PREFIX_V6} dev {BRIDGE} nodad",
        f"link set {BRIDGE} up",
    ]
    for tap in taps:
        lines += [f"tuntap add dev {tap} mode tap", f"link set {tap} master {BRIDGE} up"]
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, check=True)


def enter(pid: int) -> None:
    """Take this thread, and those that it starts, into the network of that process.

    :raises OSError: we are not root, or the process is gone.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    with Path(f"/proc/{pid}/ns/net").open() as namespace:
        if libc.setns(namespace.fileno(), _CLONE_NEWNET):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), namespace.name)
