"""One transfer within a step: its progress is noted in the operation, and so is its checkpoint."""

import logging
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from baremetal.data.task import ImageTask
from baremetal.db.operations import CancelRequested
from baremetal.db.operations import Progress as Course
from baremetal.domain.errors import LeaseLost, NotFound, StorageFailed, Unavailable
from baremetal.motion import Cancelled, Outcome, Progress, Wishes, transfer
from baremetal.stores import DataObject
from baremetal.stores.errors import StoreError

LOG = logging.getLogger(__name__)

#: How often it is noted how far it is, and looked whether it is to stop.
_SECONDS: Final = 1.0
_MIB: Final = 1 << 20


class OperationNotes:
    """A transfer's checkpoint in the scratch of its operation.

    It is in the database with the next note of progress, so whichever service goes on finds it.
    """

    def __init__(self, task: ImageTask, location: str) -> None:
        """Keep that of the transfer to a location."""
        self._scratch = task.scratch
        self._name = f"checkpoint of {location}"

    def __str__(self) -> str:
        return self._name

    def read(self) -> str | None:
        """The text; None where there is none."""
        text: str | None = self._scratch.get(self._name)
        return text

    def write(self, text: str) -> None:
        """Replace it."""
        self._scratch[self._name] = text

    def forget(self) -> None:
        """There is nothing to resume any more."""
        self._scratch.pop(self._name, None)


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of the operation a transfer is."""

    step: str
    number: int = 0
    of: int = 1

    def percent(self, done: int, total: int | None) -> int:
        """How far the whole is, 0 to 99: it is over when it is written that it is."""
        here = 100 * done // total if total else 0
        return min((100 * self.number + here) // self.of, 99)


def carry(
    task: ImageTask, part: Part, source: DataObject, target: DataObject, wishes: Wishes
) -> Outcome:
    """Move the bytes. What is cut off goes on, at the next call, where it last was verified.

    :raises StorageFailed: source or target refuse, or do not answer however often they are asked.
    :raises CancelRequested: somebody wants the operation to stop.
    :raises LeaseLost: it is another's by now.
    :raises Unavailable: this service is about to end.
    :raises HostileImage: the image must not be opened.
    """
    with _Watch(task, part) as watch:
        try:
            outcome = transfer(
                source, target, wishes, progress=watch.see, cancel=watch.cancel, clock=task.clock
            )
        except Cancelled:
            assert watch.why is not None  # noqa: S101 - nobody else cancels
            raise watch.why from None
        except (StoreError, NotFound, Unavailable) as error:
            # Motion has tried as often as it is worth; the engine would try without an end.
            raise StorageFailed(error.message) from error
    if watch.why is not None and not isinstance(watch.why, Unavailable):
        # It came while the last bytes did.
        raise watch.why
    return outcome


def keep(task: ImageTask, part: Part) -> None:
    """Write the scratch down now: what follows may take long.

    :raises CancelRequested: somebody wants the operation to stop.
    :raises LeaseLost: it is another's by now.
    """
    course = Course(0, part.step, (), part.percent(1, 1), None, task.scratch)
    task.operations.note(task.operation, course, task.clock.now(), tell=False)


class _Watch:
    """Notes each second how far a transfer is; stops it where it must not go on."""

    def __init__(self, task: ImageTask, part: Part) -> None:
        self._task = task
        self._part = part
        self._ended = threading.Event()
        self._latest: Progress | None = None
        self._told: int | None = None
        self._thread = threading.Thread(target=self._loop, name="carriage", daemon=True)
        self.cancel = threading.Event()
        #: What the transfer was stopped for.
        self.why: CancelRequested | LeaseLost | Unavailable | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        if not isinstance(self.why, CancelRequested | LeaseLost):
            self._note()

    def see(self, progress: Progress) -> None:
        """Keep the latest."""
        self._latest = progress

    def _loop(self) -> None:
        while not self._ended.wait(_SECONDS):
            if self._task.stopping.is_set():
                self._stop(Unavailable("The data service ends; another one goes on with this."))
                return
            self._note()
            if self.cancel.is_set():
                return

    def _note(self) -> None:
        task, latest = self._task, self._latest
        percent = self._part.percent(latest.done, latest.total) if latest else 0
        course = Course(0, self._part.step, (), percent, _said(latest), task.scratch)
        tell = percent != self._told
        try:
            task.operations.note(task.operation, course, task.clock.now(), tell=tell)
        except (CancelRequested, LeaseLost) as error:
            self._stop(error)
        except Unavailable as error:
            LOG.warning("operation %s: %s", task.operation.uuid, error.message)
        else:
            self._told = percent

    def _stop(self, why: CancelRequested | LeaseLost | Unavailable) -> None:
        self.why = self.why or why
        self.cancel.set()


def _said(progress: Progress | None) -> str | None:
    if progress is None:
        return None
    done = f"{progress.done // _MIB} MiB"
    if progress.total is not None:
        done = f"{progress.done // _MIB} of {-(-progress.total // _MIB)} MiB"
    return f"{done}, {progress.rate / _MIB:.1f} MiB/s"
