"""Measure all of it, one after the other, into `benchmarks/results/bytes.csv`.

    python -m benchmarks.bytes --folder F --peer PYTHON
    python benchmarks/plot_bytes.py

What was measured is replaced, what was not (`--only`) stays. Each line is benchmark, number,
figure, value; the number is what the figure was measured against, such as MiB of a file.
"""

import argparse
import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

_ROOT = Path(__file__).parents[2]
_RESULTS = _ROOT / "benchmarks" / "results" / "bytes.csv"

Line = tuple[str, str, str, str]


class Run(NamedTuple):
    """One call of a script: what its figures are called, against which number, and its words."""

    name: str
    number: int
    script: str
    words: tuple[str, ...]


def _runs(args: argparse.Namespace) -> Iterator[Run]:
    for mib in args.files:
        yield Run("files", mib, "files", (str(args.folder), "--mib", str(mib)))
    rounds = ("--rounds", str(args.rounds))
    peer = ("--peer", args.peer) if args.peer else ()
    for store, counts in (
        ("file", {4: 500, 256: 50, 16384: 6}),
        ("s3", {4: 20, 256: 20, 16384: 3}),
    ):
        for kib, count in counts.items():
            words = ("--folder", str(args.folder), "--store", store, *peer, *rounds)
            words += ("--size", str(kib << 10), "--count", str(count))
            yield Run(f"objects-{store}", kib, "objects", words)
    yield Run("ranges", 0, "ranges", ("--mib", str(args.ranges)))
    yield Run("sends", 0, "sends", ("--mib", str(args.sends)))
    yield Run("luns", args.luns, "luns", ("--mib", str(args.luns)))
    for clients in args.clients:
        words = ("--clients", str(clients), "--size", str(args.image))
        yield Run("downloads", clients, "image_downloads", words)
    yield Run("import", args.imported, "import_memory", ("--size", str(args.imported)))


def _lines(run: Run, found: dict[str, Any], before: str = "") -> Iterator[Line]:
    """The figures of a script; in a table by number, each is against its own."""
    for key, value in found.items():
        if isinstance(value, dict) and all(word.isdigit() for word in value):
            for number, one in value.items():
                yield run.name, number, f"{before}{key}", str(one)
        elif isinstance(value, dict):
            yield from _lines(run, value, f"{before}{key}_")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield run.name, str(run.number), f"{before}{key}", str(value)


def _kept(measured: set[str]) -> list[Line]:
    if not _RESULTS.exists():
        return []
    with _RESULTS.open(newline="") as file:
        return [(a, b, c, d) for a, b, c, d in csv.reader(file) if a not in measured]


def main() -> int:
    """Run what is asked for; 1 where something of it failed, and the rest is there all the same."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--folder", type=Path, required=True, help="on the disk to be measured")
    add("--peer", help="the python of an environment with glance_store")
    add("--only", nargs="+", help="such as files objects-s3 ranges")
    add("--rounds", type=int, default=6, help="of objects (%(default)s)")
    add("--files", type=int, nargs="+", default=[64, 256, 1024], help="MiB (%(default)s)")
    add("--ranges", type=int, default=64, help="MiB (%(default)s)")
    add("--sends", type=int, default=256, help="MiB (%(default)s)")
    add("--luns", type=int, default=1024, help="MiB (%(default)s)")
    add("--clients", type=int, nargs="+", default=[10, 100], help="(%(default)s)")
    add("--image", type=int, default=1024, help="MiB that each client reads (%(default)s)")
    add("--imported", type=int, default=10240, help="MiB (%(default)s)")
    args = parser.parse_args()
    args.folder = args.folder.resolve()
    measured: dict[str, list[Line]] = {}
    failed = 0
    for run in _runs(args):
        if args.only and run.name not in args.only:
            continue
        print(f"{run.name} {run.number or ''}", file=sys.stderr)
        words = [sys.executable, "-m", f"benchmarks.bytes.{run.script}", *run.words]
        done = subprocess.run(words, cwd=_ROOT, stdout=subprocess.PIPE, check=False)
        if done.returncode:
            failed = 1
            continue
        measured.setdefault(run.name, []).extend(_lines(run, json.loads(done.stdout)))
        _write(_kept(set(measured)), measured)
    return failed


def _write(kept: list[Line], measured: dict[str, list[Line]]) -> None:
    with _RESULTS.open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerows(kept)
        for lines in measured.values():
            rows.writerows(lines)


if __name__ == "__main__":
    sys.exit(main())
