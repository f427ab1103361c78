"""What it costs the two servers of the API to send a file, against the size of its pieces.

The CPU time is the server's alone, all of its threads; the client throws away what it gets.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from devstack.ports import answers, free_port

_ROOT = Path(__file__).parents[2]
_MIB = 1 << 20
_KIB = (64, 128, 256, 512, 1024, 4096)
_SERVERS = ("cheroot", "granian")
_START_SECONDS = 60.0


def application(environ: dict[str, Any], start: Callable[..., object]) -> Iterable[bytes]:
    """The file of ``BLOB``, in pieces of as many KiB as the path says."""
    path, piece = Path(os.environ["BLOB"]), int(environ["PATH_INFO"].strip("/")) << 10
    start("200 OK", [("Content-Length", str(path.stat().st_size))])
    return _pieces(path, piece)


def _pieces(path: Path, size: int) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while piece := file.read(size):
            yield piece


def _serve(name: str, port: int) -> None:
    if name == "cheroot":
        from cheroot import wsgi  # noqa: PLC0415

        wsgi.Server(("127.0.0.1", port), application, numthreads=8).start()
        return
    from granian.constants import Interfaces  # noqa: PLC0415
    from granian.log import LogLevels  # noqa: PLC0415
    from granian.server import Server  # noqa: PLC0415

    Server(
        "benchmarks.bytes.sends:application",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=2,
        log_level=LogLevels.error,
        websockets=False,
    ).serve()


def _cpu_seconds(pid: int) -> float:
    """Of a process and its children, in nanoseconds' grain."""
    total = 0.0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0]) / 1e9
        total += sum(map(_cpu_seconds, map(int, (task / "children").read_text().split())))
    return total


def _get(port: int, kib: int) -> int:
    got, buffer = 0, bytearray(_MIB)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(f"GET /{kib} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        while read := connection.recv_into(buffer):
            got += read
    return got


def _measure(name: str, blob: Path, args: argparse.Namespace) -> dict[int, float]:
    """CPU seconds for a GiB, by KiB of a piece."""
    port = free_port()
    words = [sys.executable, "-m", "benchmarks.bytes.sends", "--serve", name, "--port", str(port)]
    server = subprocess.Popen(words, cwd=_ROOT, env={**os.environ, "BLOB": str(blob)})
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not answers(port):
            if time.monotonic() > deadline:
                raise SystemExit(f"{name} does not answer")
            time.sleep(0.1)
        found: dict[int, list[float]] = {kib: [] for kib in _KIB}
        for _ in range(args.rounds + 1):
            for kib, costs in found.items():
                before = _cpu_seconds(server.pid)
                if _get(port, kib) < args.mib * _MIB:
                    raise SystemExit(f"{name} did not send all of it")
                costs.append((_cpu_seconds(server.pid) - before) * 1024 / args.mib)
    finally:
        server.terminate()
        server.wait(60)
    return {kib: round(statistics.median(costs[1:]), 3) for kib, costs in found.items()}


def main() -> None:
    """Print what each costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", choices=_SERVERS)
    parser.add_argument("--port", type=int)
    args = parser.parse_args()
    if args.serve:
        _serve(args.serve, args.port)
        return
    found: dict[str, Any] = {"load": os.getloadavg()[0], "mib": args.mib}
    with tempfile.TemporaryDirectory() as folder:
        blob = Path(folder) / "blob"
        with blob.open("wb") as file:
            for _ in range(args.mib):
                file.write(os.urandom(_MIB))
        for name in _SERVERS:
            found[f"{name}_cpu_seconds_a_gib"] = _measure(name, blob, args)
    json.dump(found, sys.stdout, indent=2)


if __name__ == "__main__":
    main()
