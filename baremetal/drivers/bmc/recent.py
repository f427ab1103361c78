"""What a BMC was last asked, and what came of it: for people who ask what went wrong."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from baremetal.clock import Clock
from baremetal.drivers.bmc.address import RawCommand
from baremetal.drivers.bmc.errors import BmcError

#: So many exchanges are remembered of each BMC; the same again and again counts as one.
KEPT: Final = 5
#: Of an answer so many bytes are shown.
_SHOWN: Final = 16

#: (network function, command) -> its name (IPMI 2.0, appendix G)
_NAMES: Final = {
    (0x00, 0x01): "Get Chassis Status",
    (0x00, 0x02): "Chassis Control",
    (0x00, 0x08): "Set System Boot Options",
    (0x00, 0x09): "Get System Boot Options",
    (0x04, 0x2D): "Get Sensor Reading",
    (0x06, 0x01): "Get Device ID",
    (0x0A, 0x20): "Get SDR Repository Info",
    (0x0A, 0x22): "Reserve SDR Repository",
    (0x0A, 0x23): "Get SDR",
}
#: IPMI 2.0, table 28-4.
_CONTROLS: Final = ("power down", "power up", "power cycle", "hard reset", "NMI", "soft shutdown")


def name_of(command: RawCommand) -> str:
    """What people call a command."""
    name = _NAMES.get((command.netfn, command.command))
    if name is None:
        return f"command {command.command:#04x} of network function {command.netfn:#04x}"
    if name == "Chassis Control" and command.data and command.data[0] < len(_CONTROLS):
        return f"{name}: {_CONTROLS[command.data[0]]}"
    return name


@dataclass(slots=True)
class _Entry:
    command: RawCommand
    outcome: bytes | str
    at: datetime
    times: int = 1


class Recent:
    """The last exchanges with one BMC. One thread writes, any may read."""

    __slots__ = ("_entries",)
    _clock = Clock()

    def __init__(self) -> None:
        self._entries: list[_Entry] = []

    def note(self, command: RawCommand, outcome: bytes | BmcError) -> None:
        """Remember an exchange; of an error its sentence alone, not what it holds on to."""
        kept = outcome if isinstance(outcome, bytes) else outcome.message
        now, entries = self._clock.now(), self._entries
        if entries:
            last = entries[-1]
            if last.outcome == kept and last.command == command:
                last.at, last.times = now, last.times + 1
                return
        entries.append(_Entry(command, kept, now))
        if len(entries) > KEPT:
            del entries[0]

    def told(self) -> list[dict[str, Any]]:
        """The exchanges, oldest first: ``at``, ``command``, ``outcome``, and how many ``times``."""
        return [
            {
                "at": entry.at.isoformat(timespec="milliseconds"),
                "command": name_of(entry.command),
                "outcome": _shown(entry.outcome),
                "times": entry.times,
            }
            for entry in list(self._entries)
        ]


def _shown(outcome: bytes | str) -> str:
    if isinstance(outcome, str):
        return outcome
    more = " ..." if len(outcome) > _SHOWN else ""
    return f"answered {outcome[:_SHOWN].hex(' ')}{more}" if outcome else "done"
