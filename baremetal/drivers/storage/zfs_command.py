"""The ``zfs`` command, by words that OpenZFS and zfs-fuse understand alike."""

from typing import Final

from baremetal.clock import Clock
from baremetal.commands import CommandFailed, Said, ask
from baremetal.domain.errors import DriverError, Unavailable
from baremetal.drivers.interfaces.storage import PoolFull

_PACKAGE: Final = "zfs-fuse, or zfsutils-linux of contrib"
_SECONDS: Final = 120.0
#: What it says of a dataset that is not unmounted yet, while it does that.
_BUSY: Final = "busy"
_TRIES: Final = 50
_PAUSE_SECONDS: Final = 0.1


class ZfsCommand:
    """Commands about datasets of this machine."""

    def __init__(self, clock: Clock) -> None:
        """Wait by `clock`."""
        self._clock = clock

    def run(self, *words: str) -> str:
        """What it says. A dataset that is busy is tried again for some seconds.

        :raises PoolFull: there is no room.
        :raises Unavailable: the dataset stays busy, or ZFS does not run.
        :raises DriverError: everything else, with what it said.
        """
        said = self._ask(*words)
        for _ in range(_TRIES):
            if not said.status or _BUSY not in said.err:
                break
            self._clock.sleep(_PAUSE_SECONDS)
            said = self._ask(*words)
        if said.status:
            raise _error(words, said)
        return said.out

    def get(self, name: str, *properties: str) -> dict[str, str] | None:
        """Properties of a dataset or snapshot, numbers exactly; None where there is none."""
        words = ("get", "-Hp", "-o", "property,value", ",".join(properties), name)
        said = self._ask(*words)
        if "does not exist" in said.err:
            return None
        if said.status:
            raise _error(words, said)
        lines = (line.split("\t") for line in said.out.splitlines())
        return {key: value for key, value in lines}  # noqa: C416 - it checks that there are two

    def snapshots(self, name: str) -> list[str]:
        """The snapshots of a dataset, the oldest first."""
        said = self.run("list", "-H", "-r", "-t", "snapshot", "-o", "name", "-s", "creation", name)
        return [line for line in said.splitlines() if line.partition("@")[0] == name]

    def clones(self, snapshot: str, parent: str) -> list[str]:
        """The datasets beneath `parent` that are made from a snapshot."""
        said = self.run("list", "-H", "-r", "-t", "filesystem", "-o", "name,origin", parent)
        pairs = (line.split("\t") for line in said.splitlines())
        return [name for name, origin in pairs if origin == snapshot]

    def release(self, name: str) -> None:
        """Let a dataset be mounted nowhere; it being so is fine."""
        found = self.get(name, "mounted")
        if found is not None and found["mounted"] == "yes":
            self.run("unmount", name)

    def destroy(self, name: str) -> None:
        """Remove a dataset with its snapshots."""
        self.release(name)
        self.run("destroy", "-r", name)

    def _ask(self, *words: str) -> Said:
        return ask(["zfs", *words], package=_PACKAGE, seconds=_SECONDS)


def _error(words: tuple[str, ...], said: Said) -> DriverError | Unavailable:
    message = CommandFailed(("zfs", *words), said).message
    if "out of space" in said.err or "no space" in said.err.lower():
        return PoolFull(message)
    if _BUSY in said.err or "connect" in said.err:
        return Unavailable(message)
    return DriverError(message)
