"""What all processes of one service have counted: they share a port, so any of them is asked."""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from baremetal.meters import Histogram, Labels, Meters

_SECONDS: Final = 1.0

Rows = dict[Labels, tuple[list[float], float]]


class Counted(NamedTuple):
    """The rows of two histograms, and how many event streams are open."""

    http: Rows
    rpc: Rows
    streams: int


def own_counts(meters: Meters) -> Counted:
    """What this process has counted by itself."""
    return Counted(dict(meters.http.rows()), dict(meters.rpc.rows()), len(meters.streams))


class Siblings:
    """Processes that tell each other what they count, by a file each in one directory.

    A file outlives its process, so that nothing which is counted ever falls. What a process
    counted in its last second is lost if it is killed.
    """

    def __init__(self, directory: Path, meters: Meters) -> None:
        """Be one of those which have `directory`."""
        self._directory = directory
        self._meters = meters
        self._told = b""

    def start(self) -> None:
        """Tell the others each second, from a thread that ends with the process."""
        threading.Thread(target=self._keep_telling, name="meters", daemon=True).start()

    def tell(self) -> None:
        """Let the others know what this process has counted, if it is news."""
        meters = self._meters
        told = orjson.dumps(
            {
                "http": _listed(meters.http),
                "rpc": _listed(meters.rpc),
                "streams": len(meters.streams),
            }
        )
        if told == self._told:
            return
        new = self._directory / f"{os.getpid()}.new"
        # The directory goes when the service ends, which may be before its last process does; and
        # disks are full at times. What could not be told is told a second later.
        with contextlib.suppress(OSError):
            new.write_bytes(told)
            new.rename(self._file(os.getpid()))
            self._told = told

    def counted(self) -> Counted:
        """What all processes have counted together, with the streams of those that live."""
        http, rpc, streams = own_counts(self._meters)
        for pid, told in self._others():
            _add(http, told["http"])
            _add(rpc, told["rpc"])
            streams += told["streams"] if _lives(pid) else 0
        return Counted(http, rpc, streams)

    def _keep_telling(self) -> None:
        never = threading.Event()
        while not never.wait(_SECONDS):
            self.tell()

    def _others(self) -> Iterator[tuple[int, dict[str, Any]]]:
        for file in self._directory.glob("*.json"):
            if (pid := int(file.stem)) != os.getpid():
                yield pid, orjson.loads(file.read_bytes())

    def _file(self, pid: int) -> Path:
        return self._directory / f"{pid}.json"


def _listed(histogram: Histogram) -> list[tuple[Labels, list[float], float]]:
    return [(labels, counts, total) for labels, (counts, total) in histogram.rows().items()]


def _add(rows: Rows, told: list[tuple[list[str], list[float], float]]) -> None:
    for labels, counts, total in told:
        before, sum_before = rows.get(tuple(labels), ([0.0] * len(counts), 0.0))
        added = [a + b for a, b in zip(before, counts, strict=True)]
        rows[tuple(labels)] = added, sum_before + total


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
