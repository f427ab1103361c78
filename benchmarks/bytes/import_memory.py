"""An import from a web server: how much more memory than idle the process takes that does it.

An import of a few MiB goes before, so that what is loaded once counts as idle.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests

from benchmarks.measured_plane import Plane, Process
from devstack.nginx import NginxServer

_MIB = 1 << 20
_LOOK_SECONDS = 0.1
_CONFIGURATION = "[images]\ndownload_local = true\n"


def _blob(path: Path, mib: int) -> None:
    block = os.urandom(_MIB)
    with path.open("wb") as file:
        for _ in range(mib):
            file.write(block)


class Images:
    """The Image API of a plane."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._url = urlunsplit(parts._replace(path="/image/v2/images"))
        self._session = requests.Session()
        self._session.trust_env = False

    def begin(self, source: str) -> str:
        """The uuid of a new image into which data begins to come."""
        uuid = self._ask("POST", "", {"disk_format": "raw", "container_format": "bare"})["id"]
        self._ask("POST", f"/{uuid}/import", {"method": {"name": "web-download", "uri": source}})
        return str(uuid)

    def is_whole(self, uuid: str) -> bool:
        """Whether all of it has come.

        :raises SystemExit: it will not.
        """
        found = self._ask("GET", f"/{uuid}", None)
        if found["status"] not in ("importing", "active"):
            raise SystemExit(f"it failed: {found}")
        return bool(found["status"] == "active")

    def _ask(self, method: str, path: str, body: Any) -> Any:
        answer = self._session.request(method, self._url + path, json=body, timeout=60)
        answer.raise_for_status()
        return answer.json() if answer.content else None


def _import(images: Images, process: Process, source: str) -> dict[str, Any]:
    """The most memory that was seen meanwhile, and how long it took."""
    begun, most, samples = time.monotonic(), process.mib, 0
    uuid = images.begin(source)
    while not images.is_whole(uuid):
        most, samples = max(most, process.mib), samples + 1
        time.sleep(_LOOK_SECONDS)
    seconds = time.monotonic() - begun
    return {"most_mib": most, "samples": samples, "seconds": round(seconds, 1)}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=10240, help="MiB")
    args = parser.parse_args()
    args.url = args.os_cloud = None
    with tempfile.TemporaryDirectory() as folder:
        server = NginxServer(Path(folder) / "web")
        server.start()
        plane = Plane(args, Path(folder), _CONFIGURATION)
        try:
            assert plane.process is not None
            _blob(server.files / "small", 8)
            _blob(server.files / "large", args.size)
            images = Images(plane.url)
            _import(images, plane.process, f"{server.url}/small")
            idle = plane.process.mib
            found = {"load": os.getloadavg()[0], "size": args.size, "idle_mib": round(idle, 1)}
            done = _import(images, plane.process, f"{server.url}/large")
            found |= {**done, "most_mib": round(done["most_mib"], 1)}
            found["more_mib"] = round(done["most_mib"] - idle, 1)
            found["mib_per_second"] = round(args.size / done["seconds"], 1)
        finally:
            plane.stop()
            server.stop()
    json.dump(found, sys.stdout, indent=2)


if __name__ == "__main__":
    main()
