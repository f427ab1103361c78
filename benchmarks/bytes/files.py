"""File to file: ours beside cp and sha256sum, in one run, the same file, warm.

The ideal with a digest is the slower of copying and hashing, as if they overlapped perfectly.
"""

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from baremetal.motion import Wishes, transfer
from baremetal.stores import locate

_MIB = 1 << 20


def _timed(action: Callable[[], object]) -> float:
    start = time.monotonic()
    action()
    return time.monotonic() - start


def _hash(path: Path) -> None:
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256")


class Places:
    """A source and somewhere to copy it to."""

    def __init__(self, folder: Path, source: Path) -> None:
        self.source = source
        self._target = folder / "target"

    def ours(self, **wishes: object) -> float:
        """Seconds that a transfer takes."""
        source, target = locate(str(self.source)), locate(str(self._target))
        seconds = _timed(lambda: transfer(source, target, Wishes(**wishes)))  # type: ignore[arg-type]
        self._target.unlink()
        return seconds

    def cp(self, *words: str) -> float:
        """Seconds that cp takes."""
        command = ["cp", *words, str(self.source), str(self._target)]
        seconds = _timed(lambda: subprocess.run(command, check=True))
        self._target.unlink()
        return seconds

    def hashing(self) -> float:
        """Seconds that hashing alone takes, by the same library that we use."""
        return _timed(lambda: _hash(self.source))

    def sha256sum(self) -> float:
        """Seconds that the command takes."""
        command = ["sha256sum", str(self.source)]
        return _timed(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))


def _compare(folder: Path, source: Path, rounds: int) -> dict[str, float]:
    places = Places(folder, source)
    runs: dict[str, list[float]] = {}
    measures: dict[str, Callable[[], float]] = {
        "cp": places.cp,
        "ours": places.ours,
        "hashing": places.hashing,
        "sha256sum": places.sha256sum,
        "ours_sha256": lambda: places.ours(hashes=("sha256",)),
        "ours_blake3": lambda: places.ours(hashes=("blake3",)),
    }
    for name, measure in measures.items():
        measure()
        runs[name] = []
    # In turns, so that whatever else goes on meets all of them.
    for _ in range(rounds):
        for name, measure in measures.items():
            runs[name].append(measure())
    found = {name: statistics.median(seconds) for name, seconds in runs.items()}
    mib = source.stat().st_size / _MIB
    found |= {f"{name}_mib_per_second": mib / seconds for name, seconds in found.items()}
    found["of_cp"] = found["cp"] / found["ours"]
    found["of_ideal"] = max(found["cp"], found["hashing"]) / found["ours_sha256"]
    return {name: round(value, 4) for name, value in found.items()}


def _times(one: Callable[[], float], other: Callable[[], float], rounds: int) -> float:
    """How many times as long one takes as the other, in turns; the first round warms up."""
    pairs = [(one(), other()) for _ in range(rounds + 1)][1:]
    return round(statistics.median(mine / its for mine, its in pairs), 3)


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="on the disk to be measured")
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    full, sparse = args.folder / "full", args.folder / "sparse"
    with full.open("wb") as file:
        for _ in range(args.mib):
            file.write(os.urandom(_MIB))
    with sparse.open("wb") as file:
        for number in range(100):
            file.seek(number * 4 * args.mib * _MIB // 100)
            file.write(os.urandom(_MIB))
        file.truncate(4 * args.mib * _MIB)
    os.sync()
    dense = args.folder / "dense"
    with dense.open("wb") as file:
        file.write(os.urandom(100 * _MIB))
    found = {
        "load": os.getloadavg()[0],
        "mib": args.mib,
        "full": _compare(args.folder, full, args.rounds),
    }
    holes, data = Places(args.folder, sparse), Places(args.folder, dense)
    found["sparse_of_its_data"] = _times(holes.ours, data.ours, args.rounds)
    found["cp_sparse_of_its_data"] = _times(holes.cp, data.cp, args.rounds)
    json.dump(found, sys.stdout, indent=2)
    for path in (full, sparse, dense):
        path.unlink()


if __name__ == "__main__":
    main()
