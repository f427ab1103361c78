"""``python -m baremetal.stores.conformance MODULE:Store``: the suite on a store of yours."""

import argparse
import importlib
import sys
import traceback
from collections.abc import Sequence

from baremetal.stores.conformance.bench import Bench, Broken, NotMeant
from baremetal.stores.conformance.suite import CASES


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m baremetal.stores.conformance",
        description="Hold a store to what baremetal.stores.contract promises.",
    )
    parser.add_argument("store", metavar="MODULE:STORE", help="a subclass of Store, or a Bench")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the store"
    )
    parser.add_argument("--prefix", default="", help="names begin with it, such as bucket/")
    parser.add_argument("--only", help="the one object of a store that makes none")
    parser.add_argument("-k", default="", metavar="WORD", help="cases that have WORD in them")
    return parser.parse_args(argv)


def _bench(args: argparse.Namespace) -> Bench:
    module, _, attribute = args.store.partition(":")
    made = getattr(importlib.import_module(module), attribute)
    if isinstance(made, type):
        made = made(dict(pair.partition("=")[::2] for pair in args.set))
    elif callable(made):
        made = made()
    return made if isinstance(made, Bench) else Bench(made, prefix=args.prefix, only=args.only)


def main(argv: Sequence[str] | None = None) -> int:
    """The number of promises that were broken."""
    args = _arguments(argv)
    bench = _bench(args)
    broken = 0
    for case in CASES:
        title = case.__name__.replace("_", " ")
        if args.k not in case.__name__ and args.k not in title:
            continue
        verdict, reason = "ok", ""
        try:
            case(bench)
        except NotMeant as error:
            verdict, reason = "-", f" (not claimed: {error})"
        except Broken as error:
            broken, verdict, reason = broken + 1, "BROKEN", f": {error}"
        except Exception:  # noqa: BLE001 - any error of a stranger's store is a broken promise
            broken, verdict, reason = broken + 1, "BROKEN", f"\n{traceback.format_exc()}"
        sys.stdout.write(f"{verdict:7}{title}{reason}\n")
        sys.stdout.flush()
    return broken


if __name__ == "__main__":
    sys.exit(main())
