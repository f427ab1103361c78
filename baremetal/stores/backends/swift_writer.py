"""An object on its way into Swift: small ones in one request, others in parts of any order."""

import json
import secrets
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from baremetal.domain.errors import NotFound
from baremetal.stores.backends.parts import PartWriter
from baremetal.stores.contract import Bytes, Stat, Token
from baremetal.stores.errors import StoreError, taken

if TYPE_CHECKING:
    from baremetal.stores.backends.swift import SwiftStore

#: Where parts are, in the container of the object that they belong to.
ASIDE: Final = ".baremetal-parts/"
#: Stands beside the parts until the object is whole.
BEGUN: Final = "begun"
#: What a manifest may name; a larger object has manifests of manifests.
_MOST: Final = 1000


class SwiftWriter(PartWriter):
    """Pieces in order are gathered to parts; whole parts may come in any order."""

    def __init__(
        self, store: "SwiftStore", name: str, *, replace: bool, resume: Token | None = None
    ) -> None:
        """Begin, or go on with parts that are there.

        :raises NotFound: none are.
        """
        super().__init__(store.uri(name), store.part_size, resumed=resume is not None)
        self._store = store
        self._name = name
        self._container = name.partition("/")[0]
        self._replace = replace
        self._lock = threading.Lock()
        self._prefix = f"{ASIDE}{secrets.token_hex(12)}/"
        self._marked = False
        if resume is not None:
            self._take_up(resume)

    def _take_up(self, token: Token) -> None:
        prefix = str(token.get("prefix"))
        if not prefix.startswith(ASIDE) or token.get("part_size") != self.step:
            raise NotFound("Interrupted upload", prefix)
        rows = list(self._store.rows(self._container, prefix))
        if not any(row["name"] == f"{prefix}{BEGUN}" for row in rows):
            raise NotFound("Interrupted upload", prefix)
        self._prefix, self._marked = prefix, True
        for row in rows:
            number = row["name"].removeprefix(prefix)
            if number.isdecimal():
                self.parts[int(number)] = (row["hash"], int(row["bytes"]))

    def _path(self, name: str) -> str:
        return f"{quote(self._container, '')}/{quote(self._prefix + name)}"

    def put_part(self, number: int, data: Bytes) -> str:
        self._begin()
        return self._put_object(self._path(f"{number:08d}"), data)

    def _put_object(self, path: str, data: Bytes, headers: Mapping[str, str] | None = None) -> str:
        response = self._store.must("PUT", path, headers, data)
        return response.headers["etag"].strip('"')

    def _begin(self) -> None:
        """Mark the parts as those of an object that is not whole, before there is any."""
        with self._lock:
            if not self._marked:
                self._put_object(self._path(BEGUN), b"")
                self._marked = True

    def checkpoint(self) -> Token:
        self._begin()
        return {"prefix": self._prefix, "part_size": self.step}

    def commit(self, size: int) -> Stat:
        path = self._store.path(self._name)
        taken = {} if self._replace else {"if-none-match": "*"}
        if not self.parts and len(self.buffer) == size:
            self._publish(path, bytes(self.buffer), taken)
            self._forget()
        else:
            self.flush()
            if self.stored != size:
                raise StoreError(f"{self.what}: {self.stored} bytes were uploaded of {size}.")
            # Without its mark, nobody takes the parts of a whole object for leftovers.
            self._store.ask("DELETE", self._path(BEGUN))
            self._publish(f"{path}?multipart-manifest=put", self._manifest(), taken)
        self._ended = True
        return self._store.stat(self._name)

    def _publish(self, path: str, body: bytes, headers: Mapping[str, str]) -> None:
        response = self._store.ask("PUT", path, headers, body)
        if response.status == 412:
            raise taken(self.what)
        if response.status >= 300:
            detail = response.data[:200].decode(errors="replace")
            raise StoreError(f"{self.what}: Swift answers {response.status}: {detail}")

    def _manifest(self) -> bytes:
        rows = [
            self._row(f"{number:08d}", etag, length)
            for number, (etag, length) in sorted(self.parts.items())
        ]
        if len(rows) > _MOST:
            rows = [
                self._submanifest(begin // _MOST, rows[begin : begin + _MOST])
                for begin in range(0, len(rows), _MOST)
            ]
        return json.dumps(rows).encode()

    def _row(self, name: str, etag: str, length: int) -> dict[str, Any]:
        path = f"/{self._container}/{self._prefix}{name}"
        return {"path": path, "etag": etag, "size_bytes": length}

    def _submanifest(self, number: int, rows: list[dict[str, Any]]) -> dict[str, Any]:
        name = f"manifest-{number:04d}"
        path = f"{self._path(name)}?multipart-manifest=put"
        etag = self._put_object(path, json.dumps(rows).encode())
        return self._row(name, etag, sum(row["size_bytes"] for row in rows))

    def abort(self) -> None:
        self._ended = True
        self._forget()

    def _forget(self) -> None:
        if self.parts or self._marked:
            for row in self._store.rows(self._container, self._prefix):
                path = f"{quote(self._container, '')}/{quote(row['name'])}"
                self._store.ask("DELETE", path)
