"""What passes between callers, lines and the place where lines meet."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from baremetal.drivers.bmc.address import BmcAddress, RawCommand
from baremetal.drivers.bmc.backoff import BackOffList
from baremetal.drivers.bmc.errors import BmcError
from baremetal.drivers.bmc.timing import Timings

if TYPE_CHECKING:
    from baremetal.drivers.bmc.line import Line


@dataclass(slots=True, eq=False)
class Request:
    """A command on its way. `done` is called once, in the I/O thread, and must be quick."""

    bmc: BmcAddress
    command: RawCommand
    deadline: float
    done: Callable[[bytes | BmcError], None]
    sent_before: bool = False
    #: Whether it may still be sent; asked before each time.
    allowed: Callable[[], bool] = lambda: True


@dataclass(slots=True)
class Counters:
    """What has happened on all lines since the bus was opened."""

    logins: int = 0
    login_failures: int = 0
    sessions_lost: int = 0
    commands: int = 0
    resends: int = 0
    #: Commands that failed, by their errors' causes.
    failures: Counter[str] = field(default_factory=Counter)


class Surroundings(Protocol):
    """What a line needs of the place where all lines meet."""

    timings: Timings
    counters: Counters
    backoff: BackOffList[BmcAddress]

    def wants_start(self, line: "Line") -> None:
        """Have `line.start` called when it is this line's turn."""

    def yields_turn(self, line: "Line") -> None:
        """Let another line start: this one is idle, or its BMC takes its time."""
