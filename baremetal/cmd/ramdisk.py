"""``baremetal-ramdisk``: builds the ramdisk that machines are deployed from."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from baremetal.agent.recipe.build import build
from baremetal.conf.netboot import RAMDISKS
from baremetal.domain.errors import BaremetalError


def _cache() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "baremetal" / "ramdisks"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="baremetal-ramdisk", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser(
        "build", help="build it from installed Debian packages; the same ones give the same bytes"
    )
    make.add_argument(
        "-o",
        "--output",
        type=Path,
        default=RAMDISKS / "agent.img",
        metavar="FILE",
        help="where to put it (%(default)s)",
    )
    make.add_argument("--kind", choices=("agent",), default="agent", help="(%(default)s)")
    make.add_argument(
        "--kernel", metavar="VERSION", help="such as 6.1.0-30-amd64; the newest that is installed"
    )
    make.add_argument(
        "--cache",
        type=Path,
        default=_cache(),
        metavar="DIRECTORY",
        help="where compressed ramdisks are kept (%(default)s)",
    )
    make.add_argument("--json", action="store_true", help="say the outcome as JSON")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 0 when the file is there."""
    args = _parser().parse_args(argv)
    try:
        if args.output.parent == RAMDISKS:
            RAMDISKS.mkdir(parents=True, exist_ok=True)
        built = build(args.output.resolve(), args.kernel, args.cache)
    except (BaremetalError, OSError) as error:
        print(f"baremetal-ramdisk: {error}", file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps(asdict(built), default=str))
    else:
        mib = built.size / (1 << 20)
        print(f"{built.ramdisk}: {mib:.1f} MiB; its kernel is {built.kernel}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
