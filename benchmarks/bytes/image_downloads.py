"""Many downloads of one image through the service at once, and what another GET takes meanwhile.

Each client reads at a bounded rate, so that all of them last as long as the slowest network.
"""

import argparse
import http.client
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.measured_plane import Plane

_MIB = 1 << 20
_PIECE = 64 << 10
_OTHER = "/baremetal/v1/nodes?limit=1"
_LOOK_SECONDS = 0.02


class Service:
    """The API of a plane, asked over connections of our own."""

    def __init__(self, plane: Plane) -> None:
        self._server = urlsplit(plane.url).netloc

    def open(self) -> http.client.HTTPConnection:
        """A new connection."""
        return http.client.HTTPConnection(self._server, timeout=600)

    def image(self, mib: int) -> str:
        """The uuid of a new image with so much data."""
        connection = self.open()
        body = json.dumps({"disk_format": "raw", "container_format": "bare"})
        kind = {"Content-Type": "application/json"}
        connection.request("POST", "/image/v2/images", body, kind)
        uuid = str(json.load(connection.getresponse())["id"])
        block = os.urandom(_MIB)
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(mib * _MIB)}
        path = f"/image/v2/images/{uuid}/file"
        connection.request("PUT", path, (block for _ in range(mib)), headers)
        answer = connection.getresponse()
        if answer.status != 204:
            raise SystemExit(f"upload: {answer.status} {answer.read()!r}")
        return uuid


class Download(threading.Thread):
    """One download, so many bytes a second."""

    def __init__(self, service: Service, uuid: str, rate: float) -> None:
        super().__init__(daemon=True)
        self._service, self._uuid, self._rate = service, uuid, rate
        self.first_byte_seconds: float | None = None
        self.got = 0

    def run(self) -> None:
        """Read all of it."""
        connection, begun = self._service.open(), time.monotonic()
        connection.request("GET", f"/image/v2/images/{self._uuid}/file")
        answer = connection.getresponse()
        while piece := answer.read(_PIECE):
            if self.first_byte_seconds is None:
                self.first_byte_seconds = time.monotonic() - begun
                begun = time.monotonic()
            self.got += len(piece)
            ahead = self.got / self._rate - (time.monotonic() - begun)
            if ahead > 0:
                time.sleep(ahead)


def _gets(service: Service, while_alive: list[Download] | float) -> dict[str, Any]:
    """How long GETs of another resource take, milliseconds."""
    connection, found = service.open(), []
    until = time.monotonic() + while_alive if isinstance(while_alive, float) else None
    while (
        time.monotonic() < until
        if until is not None
        else any(one.is_alive() for one in while_alive)  # type: ignore[union-attr]
    ):
        begun = time.perf_counter()
        connection.request("GET", _OTHER)
        connection.getresponse().read()
        found.append((time.perf_counter() - begun) * 1000)
        time.sleep(_LOOK_SECONDS)
    if len(found) < 2:
        return {"gets": len(found), "max_ms": round(max(found, default=0), 1)}
    cuts = statistics.quantiles(found, n=100)
    return {
        "gets": len(found),
        "p50_ms": round(cuts[49], 1),
        "p95_ms": round(cuts[94], 1),
        "max_ms": round(max(found), 1),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1024, help="MiB of the image")
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--rate", type=float, default=10.0, help="MiB a second of each client")
    parser.add_argument("--url", help="of a plane that runs, /baremetal included")
    args = parser.parse_args()
    args.os_cloud = None
    with tempfile.TemporaryDirectory() as folder:
        plane = Plane(args, Path(folder), "")
        try:
            service = Service(plane)
            uuid = service.image(args.size)
            found: dict[str, Any] = {"load": os.getloadavg()[0], **vars(args)}
            found["idle"] = _gets(service, 3.0)
            idle_mib = plane.process.mib if plane.process else None
            begun = time.monotonic()
            downloads = [Download(service, uuid, args.rate * _MIB) for _ in range(args.clients)]
            for one in downloads:
                one.start()
            found["meanwhile"] = _gets(service, downloads)
            found["seconds"] = round(time.monotonic() - begun, 1)
            found["whole"] = sum(one.got == args.size * _MIB for one in downloads)
            waited = [one.first_byte_seconds for one in downloads if one.first_byte_seconds]
            found["first_byte_max_seconds"] = round(max(waited, default=0), 2)
            if plane.process is not None and idle_mib is not None:
                found["more_mib"] = round(plane.process.mib - idle_mib, 1)
        finally:
            plane.stop()
    json.dump(found, sys.stdout, indent=2)


if __name__ == "__main__":
    main()
