"""Downloads from a server that gives each connection so many bytes a second."""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from baremetal.motion import Wishes, transfer
from baremetal.stores import locate
from devstack.nginx import NginxServer

_MIB = 1 << 20


def main() -> None:
    """Print the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=64)
    parser.add_argument("--limit", type=int, default=8, help="MiB a second")
    args = parser.parse_args()
    found: dict[str, Any] = {"load": os.getloadavg()[0], "mib": args.mib, "limit": args.limit}
    with tempfile.TemporaryDirectory() as folder:
        server = NginxServer(Path(folder), slow=args.limit * _MIB)
        server.start()
        try:
            (server.files / "blob").write_bytes(os.urandom(args.mib * _MIB))
            source = locate(f"{server.url}/slow/blob")
            rates = found["mib_per_second"] = {}
            for workers in (1, 2, 4, 8):
                target = locate(str(Path(folder) / f"copy{workers}"))
                done = transfer(source, target, Wishes(concurrency=workers))
                rates[workers] = round(args.mib / done.seconds, 1)
        finally:
            server.stop()
    json.dump(found, sys.stdout, indent=2)


if __name__ == "__main__":
    main()
