"""Who adds and reads objects in `objects.py`: we, glance_store, and the bare calls beneath both.

Nothing is imported before it is needed: glance_store lives in an environment of its own.
"""

import argparse
import hashlib
import http.client
import io
import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

_PIECE = 1 << 20
_READ = 1 << 18
#: What glance_store computes whatever is asked for, and the service too.
_CHECKSUM = "md5"
#: What moto gives no object without.
_NOBODY = {"Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request"}


class Side(Protocol):
    """Adds with digests, and reads without: nobody's `get` verifies anything."""

    def add(self, name: str, data: bytes) -> str:
        """The digest that was asked for."""

    def get(self, name: str) -> int:
        """Bytes that came."""


class Ours:
    """baremetal.stores, as `baremetal/images/keeper.py` uses it."""

    def __init__(self, args: argparse.Namespace) -> None:
        """Take the store that is asked for."""
        from baremetal.motion import hashing  # noqa: PLC0415
        from baremetal.stores.backends.filesystem import FileStore  # noqa: PLC0415
        from baremetal.stores.backends.s3 import S3Store  # noqa: PLC0415

        self._hashing = hashing
        if args.store == "file":
            self._store: Any = FileStore({"root": str(_folder(args, "ours"))})
        else:
            self._store = S3Store(_s3(args))

    def add(self, name: str, data: bytes) -> str:
        """Written, hashed and published."""
        digests = self._hashing.Digests((_CHECKSUM, "sha256"))
        hasher = self._hashing.hasher_of(digests, len(data))
        with self._store.write(self._name(name), size=len(data)) as writer:
            at = 0
            for piece in _pieces(data):
                hasher.feed(piece)
                writer.write(at, piece)
                at += len(piece)
            writer.commit(len(data))
        return str(hasher.finish()["sha256"])

    def get(self, name: str) -> int:
        """All pieces of it."""
        return sum(len(piece) for piece in self._store.read(self._name(name)))

    def _name(self, name: str) -> str:
        return name if self._store.scheme == "file" else f"ours/{name}"


class Theirs:
    """glance_store."""

    def __init__(self, args: argparse.Namespace) -> None:
        """Configure the driver that is asked for."""
        import glance_store  # type: ignore[import-not-found]  # noqa: PLC0415
        from oslo_config import cfg  # noqa: PLC0415

        self._backend, self._conf = glance_store, cfg.CONF
        self._places: dict[str, str] = {}
        glance_store.register_opts(self._conf)
        self._conf([], project="bench")
        said = _s3(args)
        options = {
            "stores": [args.store],
            "default_store": args.store,
            "filesystem_store_datadir": str(_folder(args, "theirs")),
            "s3_store_host": said["endpoint"],
            "s3_store_access_key": said["access_key"],
            "s3_store_secret_key": said["secret_key"],
            "s3_store_bucket": "theirs",
            "s3_store_bucket_url_format": "path",
        }
        for option, value in options.items():
            self._conf.set_override(option, value, group="glance_store")
        glance_store.create_stores(self._conf)
        glance_store.verify_default_store()

    def add(self, name: str, data: bytes) -> str:
        """As Glance does."""
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
        """All pieces of it."""
        pieces, _size = self._backend.get_from_backend(self._places[name])
        return sum(len(piece) for piece in pieces)


class BareFiles:
    """The system calls alone, and the digests: nothing is refused, nothing appears at once."""

    def __init__(self, args: argparse.Namespace) -> None:
        """Use a folder."""
        self._folder = _folder(args, "bare")
        # Whole pages: some processors copy to elsewhere at a fifth of the rate.
        self._buffer = mmap.mmap(-1, _READ)

    def add(self, name: str, data: bytes) -> str:
        """Created, written, closed."""
        fd = os.open(f"{self._folder}/{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        digests = _Both()
        for piece in _pieces(data):
            digests.update(piece)
            os.write(fd, piece)
        os.close(fd)
        return digests.hexdigest()

    def get(self, name: str) -> int:
        """Read into memory that is there already."""
        fd, got = os.open(f"{self._folder}/{name}", os.O_RDONLY), 0
        while read := os.readv(fd, [self._buffer]):
            got += read
            if read < _READ:
                break
        os.close(fd)
        return got


class BareHttp:
    """The requests alone, on one connection, signed by nobody, and the digests."""

    def __init__(self, args: argparse.Namespace) -> None:
        """Speak to the server."""
        self._connection = http.client.HTTPConnection(urlsplit(args.endpoint).netloc)

    def add(self, name: str, data: bytes) -> str:
        """One PUT."""
        digests = _Both()
        digests.update(data)
        self._ask("PUT", name, data)
        return digests.hexdigest()

    def get(self, name: str) -> int:
        """One GET."""
        return self._ask("GET", name)

    def _ask(self, method: str, name: str, data: bytes | None = None) -> int:
        self._connection.request(method, f"/bare/{name}", data, _NOBODY)
        answer, got = self._connection.getresponse(), 0
        while read := len(answer.read(_PIECE)):
            got += read
        return got


def side(args: argparse.Namespace) -> Side:
    """The side that is asked for."""
    if args.side == "ours":
        return Ours(args)
    if args.side == "theirs":
        return Theirs(args)
    return BareFiles(args) if args.store == "file" else BareHttp(args)


class _Both:
    """The two digests."""

    def __init__(self) -> None:
        self._checksum = hashlib.md5(usedforsecurity=False)
        self._asked = hashlib.sha256()

    def update(self, data: bytes) -> None:
        self._checksum.update(data)
        self._asked.update(data)

    def hexdigest(self) -> str:
        self._checksum.hexdigest()
        return self._asked.hexdigest()


def _folder(args: argparse.Namespace, name: str) -> Path:
    folder: Path = args.folder / name
    folder.mkdir(exist_ok=True)
    return folder


def _s3(args: argparse.Namespace) -> dict[str, str]:
    return {"endpoint": args.endpoint, "access_key": "someone", "secret_key": "s3cret"}


def _pieces(data: bytes) -> Iterator[bytes]:
    file = io.BytesIO(data)
    while piece := file.read(_PIECE):
        yield piece
