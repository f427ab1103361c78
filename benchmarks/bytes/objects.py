"""Objects added and read, with digests: ours beside glance_store, the same work, in turns.

glance_store lives in an environment of its own: ``python -m venv peer; peer/bin/pip install
'glance_store[s3]'``. Its side is run by `--peer peer/bin/python`; this very file does all sides,
so that none is measured with another harness. The third side is the bare calls that nobody can do
without: how far it is from glance_store is how far anybody can get.

Small files stay until the end: ext4 gives the place of a file that is gone to no other for some
seconds, and looks for another one, which would be measured instead.
"""

import argparse
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from benchmarks.bytes.sides import side
from devstack.moto import MotoServer

_ROOT = Path(__file__).parents[2]
_LARGE = 1 << 20

Figures = dict[str, dict[str, float]]


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _measure(action: Callable[[str], object], names: list[str]) -> dict[str, float]:
    wall, cpu = time.monotonic(), _cpu()
    for name in names:
        action(name)
    wall, cpu = time.monotonic() - wall, _cpu() - cpu
    return {"per_second": len(names) / wall, "cpu_ms_each": cpu * 1e3 / len(names)}


def _serve(args: argparse.Namespace) -> None:
    """Do a round for each line that comes, and print its figures."""
    one, data = side(args), os.urandom(args.size)
    promised = hashlib.sha256(data).hexdigest()
    for line in sys.stdin:
        word = line.strip()
        if one.add(f"first-{word}", data) != promised or one.get(f"first-{word}") != args.size:
            raise SystemExit("that is not what was added")
        names = [f"{word}-{number:08x}" for number in range(args.count)]
        found = {
            "add": _measure(lambda name: one.add(name, data), names),
            "get": _measure(one.get, names),
        }
        print(json.dumps(found), flush=True)
        if args.store == "file" and args.size >= _LARGE:
            for name in names:
                (args.folder / args.side / name).unlink()


class _Other:
    """A side in a process of its own."""

    def __init__(self, python: str, args: argparse.Namespace, name: str) -> None:
        words = [python, "-m", "benchmarks.bytes.objects", "--folder", str(args.folder)]
        words += ["--store", args.store, "--size", str(args.size), "--count", str(args.count)]
        words += ["--endpoint", args.endpoint or "", "--side", name]
        self._process = subprocess.Popen(
            words, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def round(self, number: int) -> Figures:
        """The figures of one round."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{number}\n")
        self._process.stdin.flush()
        found: Figures = json.loads(self._process.stdout.readline())
        return found

    def stop(self) -> None:
        """Let it end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)


@contextmanager
def _others(args: argparse.Namespace) -> Iterator[dict[str, _Other]]:
    pythons = {"bare": sys.executable, "ours": sys.executable, "theirs": args.peer}
    sides = {name: _Other(python, args, name) for name, python in pythons.items() if python}
    try:
        yield sides
    finally:
        for one in sides.values():
            one.stop()


@contextmanager
def _server(args: argparse.Namespace) -> Iterator[None]:
    """Run an S3 meanwhile, where one is asked for and none is given."""
    if args.store == "file" or args.endpoint:
        yield
        return
    server = MotoServer(args.folder)
    server.start()
    try:
        args.endpoint = server.url
        for bucket in ("bare", "ours", "theirs"):
            with urlopen(Request(f"{server.url}/{bucket}", method="PUT")):
                pass
        yield
    finally:
        server.stop()


def compare(args: argparse.Namespace) -> dict[str, Any]:
    """Medians of all sides, and what ours and the bare calls are beside the peer's."""
    with _others(args) as sides:
        for one in sides.values():
            one.round(0)
        rounds = [_round(sides, number) for number in range(1, args.rounds + 1)]
    found: dict[str, Any] = {"load": os.getloadavg()[0], "size": args.size, "store": args.store}
    for name in sides:
        found[name] = {
            verb: {
                figure: round(statistics.median(each[name][verb][figure] for each in rounds), 3)
                for figure in ("per_second", "cpu_ms_each")
            }
            for verb in ("add", "get")
        }
    if "theirs" in sides:
        for verb in ("add", "get"):
            for name in ("ours", "bare"):
                found[f"{name}_{verb}_times"] = _ratio(rounds, verb, "per_second", name, "theirs")
                found[f"{name}_{verb}_cpu"] = _ratio(rounds, verb, "cpu_ms_each", name, "theirs")
    return found


def _round(sides: dict[str, _Other], number: int) -> dict[str, Figures]:
    """Each time, another side goes first: that one meets what the round before has left."""
    names = list(sides)
    first = number % len(names)
    return {name: sides[name].round(number) for name in (*names[first:], *names[:first])}


def _ratio(
    rounds: list[dict[str, Figures]], verb: str, figure: str, name: str, other: str
) -> float:
    """Of each round by itself: what else went on then has met both."""
    each = (one[name][verb][figure] / one[other][verb][figure] for one in rounds)
    return round(statistics.median(each), 3)


def main() -> None:
    """Print the comparison, or serve as one side of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--peer", help="the python of an environment with glance_store")
    parser.add_argument("--store", choices=("file", "s3"), default="file")
    parser.add_argument("--endpoint", help="an S3 with buckets bare, ours, theirs; without: moto")
    parser.add_argument("--size", type=int, default=4096)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--side", choices=("bare", "ours", "theirs"))
    args = parser.parse_args()
    if args.side:
        _serve(args)
        return
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        args.folder = Path(folder)
        with _server(args):
            json.dump(compare(args), sys.stdout, indent=2)


if __name__ == "__main__":
    main()
