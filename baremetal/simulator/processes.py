"""A fleet in several processes: each carries its part, and they live and end together."""

import asyncio
import gc
import math
import multiprocessing
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from baremetal.simulator.description import MachineDescription
from baremetal.simulator.fleet import Fleet, FleetError, run_fleet, run_until_told
from baremetal.simulator.fleet_file import check_distinct

#: So many machines fit well into one process: a boot of all of them keeps a core busy.
_MACHINES_EACH = 2500
_END_SECONDS = 20.0
_READY = "ready"
_HEARD = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}


@dataclass(frozen=True, slots=True)
class Work:
    """What every process of a fleet is told.

    :ivar time_scale: real seconds for each simulated one.
    """

    api_url: str
    time_scale: float = 1.0


def usual_processes(machines: int) -> int:
    """Return how many processes should share so many machines."""
    return max(1, math.ceil(machines / _MACHINES_EACH))


def run_processes(
    descriptions: Sequence[MachineDescription],
    processes: int,
    work: Work,
    on_ready: Callable[[int], None] = lambda _machines: None,
) -> None:
    """Run a fleet until SIGTERM or SIGINT; ``on_ready`` is called once every BMC listens.

    Must be called in the main thread, without any other beside it.

    :raises FleetError: the fleet cannot run on this host, or one of its processes has died.
    """
    processes = min(processes, len(descriptions))
    if processes <= 1:
        run_fleet(
            descriptions,
            work.api_url,
            work.time_scale,
            lambda fleet: on_ready(len(fleet.machines)),
        )
        return
    # Each process can check its own part only.
    check_distinct(descriptions, "fleet")
    # Children share these pages as long as nobody counts references in them.
    gc.collect()
    gc.freeze()
    heard = signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
    children: list[_Child] = []
    try:
        for number in range(processes):
            children.append(_Child(descriptions[number::processes], work, children))
        for child in children:
            child.await_ready()
        on_ready(len(descriptions))
        while signal.sigwait(_HEARD) == signal.SIGCHLD:
            for child in children:
                child.check()
    finally:
        for child in children:
            child.process.terminate()
        for child in children:
            child.end()
        signal.pthread_sigmask(signal.SIG_SETMASK, heard)


class _Child:
    """One process and the pipe to it: whose end tells each that the other one is gone."""

    def __init__(
        self, part: Sequence[MachineDescription], work: Work, elder: "Sequence[_Child]"
    ) -> None:
        context = multiprocessing.get_context("fork")
        self.pipe, far_end = context.Pipe()
        # A forked process holds our ends of all pipes so far, and would hide that we are gone.
        ours = [self.pipe, *(child.pipe for child in elder)]
        self.process: BaseProcess = context.Process(target=_carry, args=(part, work, far_end, ours))
        self.process.start()
        far_end.close()

    def await_ready(self) -> None:
        """Return when its BMCs listen.

        :raises FleetError: they cannot.
        """
        try:
            said = self.pipe.recv()
        except EOFError:
            self.process.join()
            self.check()
            raise
        if said != _READY:
            raise FleetError(said)

    def check(self) -> None:
        """Check that it lives.

        :raises FleetError: it does not.
        """
        status = self.process.exitcode
        if status is not None:
            how = f"by signal {-status}" if status < 0 else f"with status {status}"
            raise FleetError(
                f"process {self.process.pid} of the fleet has ended {how}; the others end as well"
            )

    def end(self) -> None:
        """Return when it is gone."""
        self.process.join(_END_SECONDS)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.pipe.close()


def _carry(
    part: Sequence[MachineDescription], work: Work, pipe: Connection, others: Sequence[Connection]
) -> None:
    """Run a part of the fleet, until a signal or until the first process is gone."""
    for other in others:
        other.close()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
    try:
        fleet = Fleet(part, work.api_url, work.time_scale)
        asyncio.run(run_until_told(fleet, lambda _: pipe.send(_READY), pipe.fileno()))
    except FleetError as error:
        pipe.send(str(error))
