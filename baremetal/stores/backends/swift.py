"""``swift://container/object``: OpenStack Swift, and Ceph's gateway where it speaks like it."""

import hmac
import json
import threading
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as changed
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar, Final
from urllib.parse import quote, urlsplit

from urllib3.response import BaseHTTPResponse

from baremetal.clock import Clock
from baremetal.domain.errors import InvalidInput, NotFound, NotSupported
from baremetal.domain.properties import Property
from baremetal.stores.abilities import KnowsLeftovers, Leftover, SignedUrls
from baremetal.stores.backends.http_client import HttpClient, byte_range, refusal
from baremetal.stores.backends.swift_writer import ASIDE, BEGUN, SwiftWriter
from baremetal.stores.contract import Bytes, Capabilities, Stat, Store, Token, Writer
from baremetal.stores.errors import AccessRefused, SourceChanged
from baremetal.stores.settings import Settings
from baremetal.stores.uri import Uri

_PIECE: Final = 1 << 20
_MIB: Final = 1 << 20
#: What Swift takes in one piece, and therefore copies by itself.
_LARGEST_PIECE: Final = 5 << 30


@dataclass
class _Session:
    """A token, and where the account is."""

    url: str = ""
    token: str = field(default="", repr=False)
    lock: threading.Lock = field(default_factory=threading.Lock)


_sessions: dict[Settings, _Session] = {}
_sessions_lock = threading.Lock()


class SwiftStore(Store, SignedUrls, KnowsLeftovers):
    """Objects in containers; large ones are static large objects, their parts hidden aside."""

    scheme = "swift"
    properties: ClassVar[tuple[Property, ...]] = (
        Property(
            "auth_url",
            "Where tokens are given, version 1.",
            "https://swift.x.org/auth/v1.0",
            kind="url",
            required=True,
        ),
        Property("username", "Account and user.", "images:writer", required=True),
        Property("password", "The user's key.", "s3cret", secret=True, required=True),
        Property("temp_url_key", "The account's key for TempURLs.", "s3cret", secret=True),
        Property("ca_file", "PEM file of who signs the server's certificate.", "/etc/ssl/ca.pem"),
        Property(
            "part_mib", "The size of parts, MiB.", "8", kind="integer", minimum=1, maximum=1024
        ),
    )
    capabilities = Capabilities(
        part_size=8 * _MIB,
        server_copy=True,
        atomic_publish=True,
        resume=True,
        list=True,
    )

    def __init__(self, settings: Mapping[str, object] | None = None) -> None:
        super().__init__(settings)
        self.part_size = self.settings.integer("part_mib", 8) * _MIB
        self.capabilities = changed(
            self.capabilities,
            part_size=self.part_size,
            signed_url=bool(self.settings.text("temp_url_key")),
        )
        self._client = HttpClient({}, ca_file=self.settings.text("ca_file"))
        with _sessions_lock:
            self._session = _sessions.setdefault(self.settings, _Session())

    def uri(self, name: str) -> str:
        container, _, key = name.partition("/")
        return str(Uri("swift", container, f"/{key}"))

    def _login(self, stale: str) -> _Session:
        """The session, with a token that is not `stale`."""
        session, get = self._session, self.settings.text
        with session.lock:
            if session.token and session.token != stale:
                return session
            headers = {"x-auth-user": get("username"), "x-auth-key": get("password")}
            response = self._client.ask("GET", get("auth_url"), headers, get("auth_url"))
            if response.status not in (200, 204):
                raise AccessRefused(
                    f"{get('auth_url')} gives {get('username')} no token: {response.status}."
                )
            session.url = response.headers["x-storage-url"].rstrip("/")
            session.token = response.headers["x-auth-token"]
            return session

    def path(self, name: str) -> str:
        """An object's path beneath the account, as URLs spell it.

        :raises InvalidInput: there is no container or no object in it.
        """
        container, _, key = name.partition("/")
        if not container or not key:
            raise InvalidInput(f"'{name}' is no Swift object; swift://container/object is.")
        return f"{quote(container, '')}/{quote(key)}"

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: Bytes | None = None,
        *,
        stream: bool = False,
    ) -> BaseHTTPResponse:
        """The answer to a request about `path`; a token that has expired is renewed once."""
        stale = ""
        while True:
            session = self._login(stale)
            url = f"{session.url}/{path}"
            more = {**(headers or {}), "x-auth-token": session.token}
            what = f"swift://{path.partition('?')[0]}"
            if stream:
                response = self._client.get(url, more, what)
            else:
                response = self._client.ask(method, url, more, what, body)
            if response.status != 401 or stale:
                return response
            response.close()
            stale = session.token

    def must(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: Bytes | None = None,
    ) -> BaseHTTPResponse:
        """The answer to a request that went well.

        :raises NotFound: there is no such thing.
        :raises BaremetalError: it did not go well.
        """
        response = self.ask(method, path, headers, body)
        if response.status >= 300:
            detail = response.data[:200].decode(errors="replace") if method == "PUT" else ""
            raise refusal(response.status, f"swift://{path.partition('?')[0]}", detail)
        return response

    def stat(self, name: str) -> Stat:
        return self._described(self.must("HEAD", self.path(name)), name)

    def _described(self, response: BaseHTTPResponse, name: str) -> Stat:
        headers = response.headers
        modified = headers.get("last-modified")
        return Stat(
            int(headers["content-length"]),
            validator=headers.get("etag"),
            modified=parsedate_to_datetime(modified).timestamp() if modified else None,
            name=name,
        )

    def read(
        self, name: str, start: int = 0, length: int | None = None, expect: str | None = None
    ) -> Generator[Bytes, None, None]:
        if length == 0:
            return
        headers = {"range": wanted} if (wanted := byte_range(start, length)) else {}
        response = self.ask("GET", self.path(name), headers, stream=True)
        try:
            if response.status == 416:
                return
            if response.status not in (200, 206):
                raise refusal(response.status, self.uri(name))
            if expect is not None and response.headers.get("etag") != expect:
                raise SourceChanged(self.uri(name))
            yield from self._client.body(response, _PIECE, self.uri(name))
        finally:
            response.close()

    def write(
        self,
        name: str,
        *,
        size: int | None = None,
        replace: bool = False,
        resume: Token | None = None,
    ) -> Writer:
        if not replace:
            self.refuse_taken(name)
        return SwiftWriter(self, name, replace=replace, resume=resume)

    def delete(self, name: str) -> None:
        try:
            response = self.must("HEAD", self.path(name))
        except NotFound:
            return
        large = response.headers.get("x-static-large-object", "").lower() == "true"
        query = "?multipart-manifest=delete" if large else ""
        response = self.ask("DELETE", self.path(name) + query, {"accept": "application/json"})
        if response.status not in (200, 204, 404):
            raise refusal(response.status, self.uri(name))

    def copy(self, source: str, target: str, *, replace: bool = False) -> str:
        stat = self.stat(source)
        if (stat.size or 0) > _LARGEST_PIECE:
            raise NotSupported(f"{self.uri(source)}: Swift copies up to 5 GiB by itself.")
        if not replace:
            self.refuse_taken(target)
        headers = {"x-copy-from": f"/{self.path(source)}", "content-length": "0"}
        self.must("PUT", self.path(target), headers, b"")
        return "server copy"

    def list(self, prefix: str = "") -> Iterator[Stat]:
        container, _, start = prefix.partition("/")
        if not container:
            raise InvalidInput("A listing is that of one container: swift://container/prefix.")
        for each in self.rows(container, start):
            if not each["name"].startswith(ASIDE):
                when = datetime.fromisoformat(each["last_modified"]).replace(tzinfo=UTC)
                yield Stat(
                    int(each["bytes"]),
                    validator=each["hash"],
                    modified=when.timestamp(),
                    name=f"{container}/{each['name']}",
                )

    def leftovers(self, prefix: str = "") -> Iterator[Leftover]:
        container = prefix.partition("/")[0]
        for row in self.rows(container, ASIDE):
            if row["name"].endswith(f"/{BEGUN}"):
                when = datetime.fromisoformat(row["last_modified"]).replace(tzinfo=UTC)
                handle = f"{container}/{row['name'].removesuffix(BEGUN)}"
                yield Leftover(self.uri(handle), handle, when.timestamp())

    def discard(self, leftover: Leftover) -> None:
        container, _, prefix = leftover.handle.partition("/")
        # What it is known by goes last, so that it is found again if this is interrupted.
        for row in sorted(self.rows(container, prefix), key=lambda row: str(row["name"])):
            self.ask("DELETE", f"{quote(container, '')}/{quote(row['name'])}")

    def rows(self, container: str, prefix: str) -> Iterator[dict[str, Any]]:
        """The rows of a container's listing, those aside too."""
        marker = ""
        while True:
            query = f"format=json&prefix={quote(prefix, '')}&marker={quote(marker, '')}"
            rows = json.loads(self.must("GET", f"{quote(container, '')}?{query}").data)
            if not rows:
                return
            yield from rows
            marker = rows[-1]["name"]

    def signed_url(self, name: str, seconds: int, method: str = "GET") -> str:
        key = self.settings.text("temp_url_key")
        if not key:
            raise NotSupported(f"{self.uri(name)}: swift/temp_url_key is not set.")
        session = self._login("")
        parts = urlsplit(session.url)
        path = f"{parts.path}/{self.path(name)}"
        expires = int(Clock().now().timestamp()) + seconds
        # What is signed is the path before it is quoted.
        plain = f"{parts.path}/{name}"
        text = f"{method}\n{expires}\n{plain}"
        signature = hmac.digest(key.encode(), text.encode(), "sha256").hex()
        where = f"{parts.scheme}://{parts.netloc}{path}"
        return f"{where}?temp_url_sig={signature}&temp_url_expires={expires}"
