"""Objects added and read, with digests: ours beside glance_store, the same work, in turns.

glance_store lives in an environment of its own: ``python -m venv peer; peer/bin/pip install
'glance_store[s3]'``. Its side is run by `--peer peer/bin/python`; this very file does both, so
that neither is measured with another harness.
"""

import argparse
import hashlib
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol


class Side(Protocol):
    """One of the two."""

    def add(self, name: str, data: bytes) -> str: ...
    def get(self, name: str) -> int: ...


class Ours:
    """baremetal.stores."""

    def __init__(self, args: argparse.Namespace) -> None:
        from baremetal.stores.backends.filesystem import FileStore  # noqa: PLC0415
        from baremetal.stores.backends.s3 import S3Store  # noqa: PLC0415

        if args.store == "file":
            self._store: Any = FileStore({"root": str(args.folder / "ours")})
            (args.folder / "ours").mkdir(exist_ok=True)
        else:
            self._store = S3Store(_s3(args))

    def add(self, name: str, data: bytes) -> str:
        digest = hashlib.sha256()
        with self._store.write(self._name(name), size=len(data)) as writer:
            at = 0
            for piece in _pieces(data):
                digest.update(piece)
                writer.write(at, piece)
                at += len(piece)
            writer.commit(len(data))
        return digest.hexdigest()

    def get(self, name: str) -> int:
        return sum(len(piece) for piece in self._store.read(self._name(name)))

    def _name(self, name: str) -> str:
        return name if self._store.scheme == "file" else f"ours/{name}"


class Theirs:
    """glance_store."""

    def __init__(self, args: argparse.Namespace) -> None:
        import glance_store  # type: ignore[import-not-found]  # noqa: PLC0415
        from oslo_config import cfg  # noqa: PLC0415

        conf = cfg.CONF
        kind = "file" if args.store == "file" else "s3"
        glance_store.register_opts(conf)
        conf([], project="bench")
        conf.set_override("stores", [kind], group="glance_store")
        conf.set_override("default_store", kind, group="glance_store")
        if kind == "file":
            (args.folder / "theirs").mkdir(exist_ok=True)
            folder = str(args.folder / "theirs")
            conf.set_override("filesystem_store_datadir", folder, group="glance_store")
        else:
            said = _s3(args)
            for option, value in {
                "s3_store_host": said["endpoint"],
                "s3_store_access_key": said["access_key"],
                "s3_store_secret_key": said["secret_key"],
                "s3_store_bucket": "theirs",
                "s3_store_bucket_url_format": "path",
            }.items():
                conf.set_override(option, value, group="glance_store")
        glance_store.create_stores(conf)
        glance_store.verify_default_store()
        self._backend = glance_store
        self._conf = conf
        self._places: dict[str, str] = {}

    def add(self, name: str, data: bytes) -> str:
        done = self._backend.add_to_backend_with_multihash(
            conf=self._conf,
            image_id=name,
            data=io.BytesIO(data),
            size=len(data),
            hashing_algo="sha256",
        )
        self._places[name] = done[0]
        return str(done[3])

    def get(self, name: str) -> int:
        pieces, _size = self._backend.get_from_backend(self._places[name])
        return sum(len(piece) for piece in pieces)


def _s3(args: argparse.Namespace) -> dict[str, str]:
    return {"endpoint": args.endpoint, "access_key": "someone", "secret_key": "s3cret"}


def _pieces(data: bytes) -> Iterator[bytes]:
    file = io.BytesIO(data)
    while piece := file.read(1 << 20):
        yield piece


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _measure(action: Callable[[str], object], names: list[str]) -> dict[str, float]:
    wall, cpu = time.monotonic(), _cpu()
    for name in names:
        action(name)
    wall, cpu = time.monotonic() - wall, _cpu() - cpu
    return {
        "per_second": round(len(names) / wall, 1),
        "cpu_ms_each": round(cpu * 1e3 / len(names), 3),
    }


def _side(args: argparse.Namespace) -> dict[str, Any]:
    side: Side = Ours(args) if args.side == "ours" else Theirs(args)
    data = os.urandom(args.size)
    promised = hashlib.sha256(data).hexdigest()
    names = [f"{time.monotonic_ns():032x}{number:08x}" for number in range(args.count)]
    first = f"{time.monotonic_ns():040x}"
    if side.add(first, data) != promised or side.get(first) != args.size:
        raise SystemExit("that is not what was added")
    return {
        "add": _measure(lambda name: side.add(name, data), names),
        "get": _measure(side.get, names),
    }


def main() -> None:
    """Print the comparison, or one side of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--peer", help="the python of an environment with glance_store")
    parser.add_argument("--store", choices=("file", "s3"), default="file")
    parser.add_argument(
        "--endpoint", default="http://127.0.0.1:5000", help="with buckets ours, theirs"
    )
    parser.add_argument("--size", type=int, default=4096)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--side", choices=("ours", "theirs"))
    args = parser.parse_args()
    if args.side:
        json.dump(_side(args), sys.stdout)
        return
    found: dict[str, Any] = {"load": os.getloadavg()[0], "size": args.size, "store": args.store}
    same = [__file__, "--folder", str(args.folder), "--store", args.store, "--size", str(args.size)]
    same += ["--count", str(args.count), "--endpoint", args.endpoint]
    for side, python in (("ours", sys.executable), ("theirs", args.peer)):
        if python:
            done = subprocess.run(
                [python, *same, "--side", side], check=True, stdout=subprocess.PIPE
            )
            found[side] = json.loads(done.stdout)
        shutil.rmtree(args.folder / side, ignore_errors=True)
    if "theirs" in found:
        for verb in ("add", "get"):
            mine, other = found["ours"][verb], found["theirs"][verb]
            found[f"{verb}_times"] = round(mine["per_second"] / other["per_second"], 2)
            found[f"{verb}_cpu"] = round(mine["cpu_ms_each"] / other["cpu_ms_each"], 2)
    json.dump(found, sys.stdout, indent=2)


if __name__ == "__main__":
    main()
