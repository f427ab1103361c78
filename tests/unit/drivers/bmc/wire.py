"""One line and one simulated BMC on a wire without sockets, in a time that jumps."""

from collections.abc import Callable
from dataclasses import dataclass, field

from baremetal.drivers.bmc.address import BmcAddress, RawCommand
from baremetal.drivers.bmc.backoff import BackOffList
from baremetal.drivers.bmc.errors import BmcError
from baremetal.drivers.bmc.line import Line
from baremetal.drivers.bmc.request import Counters, Request
from baremetal.drivers.bmc.timing import Timings
from baremetal.simulator.bmc.boot_options import BootOptions
from baremetal.simulator.bmc.chassis import Identity, PowerAction, WrongState
from baremetal.simulator.bmc.handshake import Account
from baremetal.simulator.bmc.server import Bmc, BmcSettings

USER, PASSWORD = "admin", "s3cret-of-bmc"
ADDRESS = BmcAddress("192.0.2.7", 623, USER, PASSWORD)

Outcome = bytes | BmcError


class PlainChassis:
    """A machine that does at once what its BMC says, and remembers it."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.powered_on = True
        self.boot_options = BootOptions(now)
        self.identity = Identity(bytes(range(16)), "Maker", "Model", "S1", "52:54:00:00:00:01")
        self.actions: list[PowerAction] = []
        self.serial = None
        self.media = None

    def control(self, action: PowerAction) -> None:
        if action not in (PowerAction.ON, PowerAction.OFF) and not self.powered_on:
            raise WrongState
        self.actions.append(action)
        if action in (PowerAction.ON, PowerAction.OFF, PowerAction.SOFT_OFF):
            self.powered_on = action is PowerAction.ON


@dataclass
class Wire:
    """Datagrams go at once; `lost` and `answers` may interfere with those of either direction."""

    max_sessions: int = 4
    refuse_sessions: bool = False
    #: Whether the n-th datagram towards the BMC, from 0, never gets there.
    lost: Callable[[int, bytes], bool] = lambda _n, _datagram: False
    #: Whether the BMC's n-th answer, from 0, never gets here.
    answer_lost: Callable[[int, bytes], bool] = lambda _n, _datagram: False
    #: A stranger that answers instead of the BMC, where it does not return None.
    stranger: Callable[[bytes], bytes | None] = lambda _datagram: None
    now: float = 1000.0
    sent: list[bytes] = field(default_factory=list)
    timings: Timings = field(default_factory=Timings)
    counters: Counters = field(default_factory=Counters)
    backoff: BackOffList[BmcAddress] = field(default_factory=BackOffList)

    def __post_init__(self) -> None:
        self.chassis = PlainChassis(lambda: self.now)
        self.answers: list[bytes] = []
        self.answered = 0
        self.starts = 0
        self.restart_bmc()
        self.line = Line(self, self._send)

    def restart_bmc(self, password: str = PASSWORD) -> None:
        """A BMC that remembers nothing of before."""
        account = Account(USER.encode(), password.encode())
        settings = BmcSettings(account, "192.0.2.7", self.max_sessions, self.refuse_sessions)
        self.bmc = Bmc(self.chassis, settings, lambda: self.now)

    def wants_start(self, line: Line) -> None:
        self.starts += 1

    def yields_turn(self, line: Line) -> None:
        pass

    def _send(self, datagram: bytes) -> str:
        self.sent.append(datagram)
        if not self.lost(len(self.sent) - 1, datagram):
            answer = self.stranger(datagram) or self.bmc.answer(datagram, "console")
            if answer is not None:
                self.answered += 1
                if not self.answer_lost(self.answered - 1, answer):
                    self.answers.append(answer)
        return ""

    def submit(
        self,
        command: RawCommand,
        bmc: BmcAddress = ADDRESS,
        timeout: float = 60.0,
        allowed: Callable[[], bool] = lambda: True,
    ) -> list[Outcome]:
        """Put a command on the line; its outcome will be in the list."""
        outcomes: list[Outcome] = []
        deadline = self.now + timeout
        self.line.add(Request(bmc, command, deadline, outcomes.append, allowed=allowed), self.now)
        return outcomes

    def run(self, until: Callable[[], bool], seconds: float = 120.0) -> None:
        """Let things happen until `until`, for so much of this time at most."""
        end = self.now + seconds
        while not until():
            if self.answers:
                self.line.receive(self.answers.pop(0), self.now)
            elif self.starts:
                self.starts -= 1
                self.line.start(self.now)
            else:
                wake_at = self.line.wake_at
                if wake_at is None or wake_at > end:
                    self.now = end
                    return
                self.now = max(self.now, wake_at)
                self.line.tick(self.now)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.run(lambda: False, seconds)

    def outcome(
        self, command: RawCommand, bmc: BmcAddress = ADDRESS, timeout: float = 60.0
    ) -> Outcome:
        """What comes of a command."""
        outcomes = self.submit(command, bmc, timeout)
        self.run(lambda: bool(outcomes))
        (outcome,) = outcomes
        return outcome

    def execute(self, bmc: BmcAddress, command: RawCommand, timeout: float = 30.0) -> bytes:
        """The bus of a test: to be used where a `CommandBus` is."""
        outcome = self.outcome(command, bmc, timeout)
        if isinstance(outcome, BmcError):
            raise outcome
        return outcome
