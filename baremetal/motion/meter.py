"""How far, how fast, and whether to go on."""

import random
import threading
from collections.abc import Callable
from typing import Final

from baremetal.clock import Clock
from baremetal.motion.wishes import Cancelled, Progress

_REPORT_SECONDS: Final = 0.1
#: How much the latest interval counts in the rate that is shown.
_WEIGHT: Final = 0.3


class Meter:
    """Counts bytes; holds back where there is a cap; raises where somebody has cancelled."""

    def __init__(
        self,
        total: int | None,
        *,
        report: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
        bandwidth: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Begin at nothing of `total`."""
        self.done = 0
        self.total = total
        self._report = report
        self._cancel = cancel
        self._bandwidth = bandwidth
        self._clock = clock or Clock()
        self._lock = threading.Lock()
        self._began = self._clock.monotonic()
        self._told = self._began - _REPORT_SECONDS
        self._moved = self._told_at = 0
        self._rate = 0.0

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return self._clock.monotonic() - self._began

    def start_at(self, done: int) -> None:
        """An earlier transfer has done that much."""
        self.done = self._told_at = done

    def add(self, count: int, *, moved: bool = True) -> None:
        """Note `count` bytes more; holes are not `moved`.

        :raises Cancelled: somebody has.
        """
        if self._cancel is not None and self._cancel.is_set():
            raise Cancelled("The transfer was cancelled; nothing was published.")
        with self._lock:
            self.done += count
            if moved:
                self._moved += count
            progress = self._look()
            early = 0.0
            if self._bandwidth:
                due = self._began + self._moved / self._bandwidth
                early = due - self._clock.monotonic()
        if progress is not None and self._report is not None:
            self._report(progress)
        if early > 0:
            self.pause(early)

    def _look(self) -> Progress | None:
        if self._report is None:
            return None
        now = self._clock.monotonic()
        since = now - self._told
        if since < _REPORT_SECONDS:
            return None
        latest = (self.done - self._told_at) / since
        self._rate = latest if not self._rate else self._rate + _WEIGHT * (latest - self._rate)
        self._told, self._told_at = now, self.done
        return self._progress()

    def _progress(self) -> Progress:
        remaining = None
        if self.total is not None and self._rate:
            remaining = max(self.total - self.done, 0) / self._rate
        return Progress(self.done, self.total, self._rate, remaining)

    def finish(self) -> None:
        """Tell the last figure."""
        if self._report is not None:
            self._rate = self._rate or self.done / max(self.seconds, 1e-6)
            self._report(self._progress())

    def pause(self, seconds: float) -> None:
        """Wait, but not for what somebody has cancelled.

        :raises Cancelled: somebody has.
        """
        if self._cancel is None:
            self._clock.sleep(seconds)
        elif self._cancel.wait(seconds):
            raise Cancelled("The transfer was cancelled; nothing was published.")

    def back_off(self, failures: int) -> None:
        """Wait before the next try, longer each time, never the same for two callers."""
        longest = min(0.1 * 2**failures, 30.0)
        self.pause(longest * (0.5 + random.random() / 2))  # noqa: S311 - no secret
