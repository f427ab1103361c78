"""What this process counts and times as it goes, cheaply; ``health`` shows it to whoever asks."""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from baremetal.domain.figures import Figure

Labels = tuple[str, ...]


class Histogram:
    """How often something took how long, by labels. Half a microsecond per observation."""

    def __init__(self, bounds: Sequence[float]) -> None:
        """Tell durations apart at `bounds`, seconds, ascending."""
        self.bounds = tuple(bounds)
        #: labels -> how often up to each bound and beyond the last; then the sum of all, seconds
        self._rows: dict[Labels, list[float]] = {}
        self._lock = threading.Lock()

    def observe(self, labels: Labels, seconds: float) -> None:
        """Add one."""
        with self._lock:
            row = self._rows.get(labels)
            if row is None:
                row = self._rows[labels] = [0.0] * (len(self.bounds) + 2)
            row[bisect_left(self.bounds, seconds)] += 1
            row[-1] += seconds

    def rows(self) -> Mapping[Labels, tuple[list[float], float]]:
        """Labels -> (how often in each bucket, the last without bound; the sum, seconds)."""
        with self._lock:
            return {labels: (row[:-1], row[-1]) for labels, row in self._rows.items()}


class Tally(Counter[Labels]):
    """How often something happened, by labels. To be counted up under `lock`."""

    def __init__(self) -> None:
        """Begin at zero."""
        super().__init__()
        self.lock = threading.Lock()

    def values_now(self) -> Mapping[Labels, int]:
        """All counts at one moment."""
        with self.lock:
            return dict(self)


@dataclass(slots=True)
class Sweep:
    """The last power sweep of this process' conductor."""

    count: int = 0
    nodes: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Meters:
    """All of them. `sources` are further figures, asked when somebody looks."""

    http: Histogram
    rpc: Histogram
    #: By kind, outcome and cause.
    ended: Tally = field(default_factory=Tally)
    #: What power sweeps could not read, by cause.
    unread: Tally = field(default_factory=Tally)
    sweep: Sweep = field(default_factory=Sweep)
    streams: set[int] = field(default_factory=set)
    sources: dict[str, Callable[[], Iterable[Figure]]] = field(default_factory=dict)


_FAST: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_SLOW: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

#: Those of this process.
METERS: Final = Meters(Histogram(_FAST), Histogram(_SLOW))
