"""A clock that tests move by hand."""

from datetime import UTC, datetime, timedelta

from baremetal.clock import Clock


class ManualClock(Clock):
    """Time that stands still but for `pass_time` and sleeping, which costs no time at all."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 1, tzinfo=UTC)
        self._start = self._now

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.pass_time(seconds)

    def pass_time(self, seconds: float) -> None:
        """Let so many seconds have passed."""
        self._now += timedelta(seconds=seconds)
