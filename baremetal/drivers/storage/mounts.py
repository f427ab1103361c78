"""What is mounted on this machine, and the commands that change it."""

import os
import re
from pathlib import Path
from typing import Final

from baremetal.clock import Clock
from baremetal.commands import CommandFailed, ask, run
from baremetal.domain.errors import DriverError

_TABLE: Final = Path("/proc/self/mountinfo")
_ESCAPED: Final = re.compile(r"\\([0-7]{3})")
#: A server may hold a file for a moment after it was told to let go.
_TRIES: Final = 10
_PAUSE_SECONDS: Final = 0.1


def is_mount_point(path: Path) -> bool:
    """Whether something is mounted there, a part of the same file system too."""
    wanted = os.fspath(path.resolve())
    return any(_place(line) == wanted for line in _TABLE.read_text().splitlines())


def bind_to_itself(path: Path) -> None:
    """Let a directory be a mount of its own: NFS servers do not look into subvolumes otherwise.

    :raises DriverError: it cannot be.
    """
    if is_mount_point(path):
        return
    try:
        run(["mount", "--bind", str(path), str(path)], package="mount")
    except CommandFailed as error:
        raise DriverError(f"{error.message}. Mounting wants root.") from error


def unmount(path: Path, clock: Clock) -> None:
    """Let nothing be mounted there; whoever still has a file open there keeps it.

    :raises DriverError: it stays.
    """
    for left in reversed(range(_TRIES)):
        if not is_mount_point(path):
            return
        lazily = ["--lazy"] if left == 0 else []
        said = ask(["umount", *lazily, str(path)], package="mount")
        if said.status and left:
            clock.sleep(_PAUSE_SECONDS)
    if is_mount_point(path):
        raise DriverError(f"{path} stays mounted. See who holds it: fuser -vm {path}")


def flush(path: Path) -> None:
    """Return when what was written is where the file system counts it.

    :raises CommandFailed: it cannot be written.
    """
    run(["sync", "--file-system", str(path)], package="coreutils", seconds=300)


def _place(line: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found.group(1), 8)), line.split(" ", 5)[4])
