"""``baremetal-motion``: copies between any two places that stores know, without any service."""

import argparse
import hashlib
import json
import os
import signal
import sys
import threading
import tomllib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from baremetal.domain.errors import BaremetalError, InvalidInput
from baremetal.motion import Outcome, Progress, Wishes, transfer
from baremetal.stores import locate
from baremetal.stores.registry import installed

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
Report = Callable[[Progress], None]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="baremetal-motion", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    copy = commands.add_parser("copy", help="copy SOURCE to TARGET, verified; URIs or paths")
    copy.add_argument("source", metavar="SOURCE")
    copy.add_argument("target", metavar="TARGET")
    copy.add_argument(
        "--hash", action="append", default=[], metavar="NAME", help="such as sha256 or blake3"
    )
    copy.add_argument(
        "--expect", action="append", default=[], metavar="NAME:HEX", help="refuse other bytes"
    )
    copy.add_argument(
        "--resume", action="store_true", help="go on where an interrupted copy has stopped"
    )
    copy.add_argument("--checkpoint", type=Path, metavar="FILE", help="where to note how far it is")
    copy.add_argument("--from", dest="source_format", metavar="FORMAT", help="what SOURCE must be")
    copy.add_argument("--to", dest="target_format", metavar="FORMAT", help="raw or qcow2")
    copy.add_argument("--unpack", nargs="?", const="auto", help="gzip, xz, zstd; alone: which is")
    copy.add_argument("--max-size", type=_size, metavar="BYTES", help="refuse more, such as 40G")
    copy.add_argument("--bandwidth", type=_size, metavar="BYTES", help="per second, such as 100M")
    copy.add_argument("--concurrency", type=int, default=4, help="ranges at once (%(default)s)")
    copy.add_argument("--retries", type=int, default=5, help="in a row (%(default)s)")
    copy.add_argument("--replace", action="store_true", help="replace what is at TARGET")
    copy.add_argument("--json", action="store_true", help="say the outcome as JSON")
    copy.add_argument("--quiet", action="store_true", help="show no progress")
    copy.add_argument(
        "--stores",
        type=Path,
        metavar="FILE",
        help="settings of stores, TOML, a table for each kind of URI: [s3] endpoint = ...",
    )
    commands.add_parser("stores", help="list the kinds of URIs that are understood")
    return parser


def _size(text: str) -> int:
    unit = text[-1:].upper().strip("0123456789")
    if unit not in _UNITS:
        raise argparse.ArgumentTypeError(f"'{text}' is no size; 100M and 40G are")
    return int(float(text[: len(text) - len(unit)]) * _UNITS[unit])


def _copy(args: argparse.Namespace) -> Outcome:
    settings: dict[str, Any] = {}
    if args.stores is not None:
        try:
            settings = tomllib.loads(args.stores.read_text())
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise InvalidInput(f"{args.stores}: {error}") from error
    source, target = locate(args.source, settings), locate(args.target, settings)
    checkpoint = args.checkpoint
    if checkpoint is None and args.resume:
        checkpoint = _checkpoint_of(str(source), str(target))
    wishes = Wishes(
        hashes=tuple(args.hash),
        expected=dict(_digest(text) for text in args.expect),
        source_format=args.source_format,
        target_format=args.target_format,
        unpack=args.unpack,
        max_size=args.max_size,
        checkpoint=checkpoint,
        bandwidth=args.bandwidth,
        concurrency=max(args.concurrency, 1),
        retries=args.retries,
        replace=args.replace,
    )
    cancel = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: cancel.set())
    showing = _shown() if sys.stderr.isatty() and not args.quiet else nullcontext(None)
    with showing as report:
        return transfer(source, target, wishes, progress=report, cancel=cancel)


def _digest(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise InvalidInput(f"--expect is a name and a digest, such as sha256:9f86d0..., not {text}")
    return name, value


def _checkpoint_of(source: str, target: str) -> Path:
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    folder = state / "baremetal" / "motion"
    folder.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(f"{source}\0{target}".encode()).hexdigest()[:32]
    return folder / f"{name}.json"


class _Bar:
    """A line that grows, on a terminal."""

    def __init__(self) -> None:
        # Not for those who have no terminal: it takes its time to load.
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            DownloadColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )
        from rich.progress import Progress as Bar  # noqa: PLC0415

        columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        self._bar = Bar(*columns, console=Console(stderr=True))
        self._task = self._bar.add_task("")

    def __enter__(self) -> Report:
        self._bar.start()
        return lambda at: self._bar.update(self._task, completed=at.done, total=at.total)

    def __exit__(self, *_exc: object) -> None:
        self._bar.stop()


def _shown() -> AbstractContextManager[Report | None]:
    return _Bar()


def _tell(outcome: Outcome, *, as_json: bool) -> None:
    if as_json:
        print(
            json.dumps(
                {
                    "strategy": outcome.strategy,
                    "why": outcome.why,
                    "size": outcome.size,
                    "digests": dict(outcome.digests),
                    "resumed_from": outcome.resumed_from,
                    "seconds": round(outcome.seconds, 6),
                }
            )
        )
        return
    rate = outcome.size / max(outcome.seconds, 1e-6) / 1e6
    print(
        f"{outcome.size} bytes in {outcome.seconds:.2f} s ({rate:.0f} MB/s) by {outcome.strategy}: "
        f"{outcome.why}"
    )
    if outcome.resumed_from:
        print(f"resumed at byte {outcome.resumed_from}")
    for name, digest in outcome.digests.items():
        print(f"{name} {digest}")


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 0 when the target is published."""
    args = _parser().parse_args(argv)
    if args.command == "stores":
        print("\n".join(f"{scheme}://" for scheme in installed()))
        return 0
    try:
        _tell(_copy(args), as_json=args.json)
    except BaremetalError as error:
        print(f"baremetal-motion: {error.message}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
