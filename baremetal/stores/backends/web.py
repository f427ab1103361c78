"""``http://`` and ``https://``: read by ranges; written where the server speaks WebDAV."""

import secrets
from collections.abc import Generator, Mapping
from dataclasses import replace as changed
from email.utils import parsedate_to_datetime
from typing import ClassVar, Final

import urllib3
from urllib3.response import BaseHTTPResponse

from baremetal.domain.errors import NotSupported
from baremetal.domain.properties import Property
from baremetal.stores.backends.http_client import HttpClient, HttpUpload, byte_range, refusal
from baremetal.stores.contract import Bytes, Capabilities, Stat, Store, Token, Writer
from baremetal.stores.errors import SourceChanged, StoreError, taken
from baremetal.stores.reach import Reach
from baremetal.stores.uri import Uri

_PIECE: Final = 1 << 20


class WebStore(Store):
    """Objects of a web server; a name is a path as URLs spell it, with its query.

    A new one is PUT aside, and moved to its name when whole.
    """

    scheme = "http"
    properties: ClassVar[tuple[Property, ...]] = (
        Property("endpoint", "Where names begin.", "https://images.example.org/pub", kind="url"),
        Property("username", "For HTTP basic authentication.", "reader"),
        Property("password", "For HTTP basic authentication.", "s3cret", secret=True),
        Property("ca_file", "PEM file of who signs the server's certificate.", "/etc/ssl/ca.pem"),
        Property(
            "webdav",
            "Whether the server takes PUT, MOVE, COPY and DELETE.",
            "true",
            kind="boolean",
        ),
        Property(
            "timeout",
            "How long the server may be silent, seconds.",
            "60",
            kind="integer",
            minimum=1,
            maximum=3600,
        ),
    )
    capabilities = Capabilities(writable=False, deletable=False)

    def __init__(
        self, settings: Mapping[str, object] | None = None, *, reach: Reach | None = None
    ) -> None:
        """Take `settings`; with `reach`, ask those servers only, wherever they lead."""
        super().__init__(settings)
        get = self.settings.text
        self._endpoint = get("endpoint").rstrip("/")
        headers = {"accept-encoding": "identity"}
        if get("username"):
            account = f"{get('username')}:{get('password')}"
            headers |= urllib3.make_headers(basic_auth=account)
        self._client = HttpClient(
            headers,
            ca_file=get("ca_file"),
            timeout=self.settings.integer("timeout", 60),
            reach=reach,
        )
        if self.settings.flag("webdav"):
            self.capabilities = changed(
                self.capabilities,
                writable=True,
                deletable=True,
                atomic_publish=True,
                server_copy=True,
            )

    @classmethod
    def locate(cls, uri: Uri) -> tuple[dict[str, object], str]:
        own: dict[str, object] = {"endpoint": f"{uri.scheme}://{uri.authority}"}
        if uri.user is not None:
            own |= {"username": uri.user, "password": uri.password}
        return own, uri.path + (f"?{uri.query}" if uri.query else "")

    def uri(self, name: str) -> str:
        return str(Uri.parse(self._url(name)))

    def _url(self, name: str) -> str:
        return f"{self._endpoint}/{name.lstrip('/')}"

    def stat(self, name: str) -> Stat:
        # Not HEAD: a signed URL is for one method only, and this shows whether ranges are taken.
        response = self._client.get(self._url(name), {"range": "bytes=0-0"}, self.uri(name))
        try:
            if response.status == 416 and _total(response) == 0:
                return self._described(response, 0, name)
            self._check(response, name)
            if response.status == 206:
                return self._described(response, _total(response), name)
            length = response.headers.get("content-length")
            size = int(length) if length is not None else None
            return changed(self._described(response, size, name), ranges=size == 0)
        finally:
            response.close()

    def _described(self, response: BaseHTTPResponse, size: int | None, name: str) -> Stat:
        said = response.headers.get("last-modified")
        try:
            modified = parsedate_to_datetime(said).timestamp() if said else None
        except ValueError:
            modified = None
        return Stat(size, _validator(response), modified, name=name)

    def _check(self, response: BaseHTTPResponse, name: str) -> None:
        if response.status not in (200, 206):
            raise refusal(response.status, self.uri(name))

    def read(
        self, name: str, start: int = 0, length: int | None = None, expect: str | None = None
    ) -> Generator[Bytes, None, None]:
        if length == 0:
            return
        headers = {"range": wanted} if (wanted := byte_range(start, length)) else {}
        response = self._client.get(self._url(name), headers, self.uri(name))
        try:
            if response.status == 416:
                return
            self._check(response, name)
            if expect is not None and _validator(response) != expect:
                raise SourceChanged(self.uri(name))
            begin = _begin(response) if response.status == 206 else 0
            if begin > start:
                raise StoreError(f"{self.uri(name)}: the server gave another range.")
            yield from self._pieces(response, start - begin, length, name)
        finally:
            response.close()

    def _pieces(
        self, response: BaseHTTPResponse, skip: int, length: int | None, name: str
    ) -> Generator[Bytes, None, None]:
        """The body without its first `skip` bytes, which a server without ranges sends too."""
        left = length
        for piece in self._client.body(response, _PIECE, self.uri(name)):
            part, skip = piece[skip:], max(skip - len(piece), 0)
            part = part if left is None else part[:left]
            if part:
                yield part
            if left is not None:
                left -= len(part)
                if not left and response.status == 200:
                    # It would go on; a range is read to its end, for the connection's sake.
                    return

    def write(
        self,
        name: str,
        *,
        size: int | None = None,
        replace: bool = False,
        resume: Token | None = None,
    ) -> Writer:
        if not self.capabilities.writable:
            return super().write(name)
        if not replace:
            self.refuse_taken(name)
        return _DavWriter(self, name, size, replace=replace)

    def upload(self, name: str, size: int | None) -> HttpUpload:
        """A PUT that has begun."""
        return self._client.upload(self._url(name), {}, size, self.uri(name))

    def _ask(self, method: str, name: str, **headers: str) -> int:
        return self._client.ask(method, self._url(name), headers, self.uri(name)).status

    def publish(self, part: str, name: str, *, replace: bool) -> None:
        """Give an object its name.

        :raises AlreadyExists: it is taken.
        """
        overwrite = "T" if replace else "F"
        status = self._ask("MOVE", part, destination=self._url(name), overwrite=overwrite)
        if status == 412:
            raise taken(self.uri(name))
        if status not in (200, 201, 204):
            raise refusal(status, self.uri(name))

    def delete(self, name: str) -> None:
        if not self.capabilities.deletable:
            super().delete(name)
        status = self._ask("DELETE", name)
        if status not in (200, 202, 204, 404):
            raise refusal(status, self.uri(name))

    def copy(self, source: str, target: str, *, replace: bool = False) -> str:
        if not self.capabilities.server_copy:
            super().copy(source, target)
        if not replace:
            self.refuse_taken(target)
        part = part_name(target)
        status = self._ask("COPY", source, destination=self._url(part), overwrite="F")
        if status in (405, 501):
            raise NotSupported(f"{self.uri(source)}: this server does not copy by itself.")
        if status not in (200, 201, 204):
            raise refusal(status, self.uri(source))
        try:
            self.publish(part, target, replace=replace)
        except BaseException:
            self.delete(part)
            raise
        return "server copy"


def part_name(name: str) -> str:
    """A name beside `name` for what is not whole yet."""
    folder, slash, _ = name.partition("?")[0].rpartition("/")
    return f"{folder}{slash}.baremetal-{secrets.token_hex(8)}.part"


class _DavWriter(Writer):
    """One PUT, from the beginning to the end, to a name aside."""

    def __init__(self, store: WebStore, name: str, size: int | None, *, replace: bool) -> None:
        self._store = store
        self._name = name
        self._part = part_name(name)
        self._replace = replace
        self._at = 0
        self._upload = store.upload(self._part, size)

    def write(self, position: int, data: Bytes) -> None:
        if position != self._at:
            raise NotSupported(f"A PUT goes in order: {self._at} is next, not {position}.")
        self._upload.send(data)
        self._at += len(data)

    def skip(self, position: int, length: int) -> None:
        zeros = memoryview(bytes(min(length, _PIECE)))
        while length > 0:
            self.write(position, zeros[:length])
            position, length = position + len(zeros), length - len(zeros)

    def commit(self, size: int) -> Stat:
        self._upload.finish()
        self._store.publish(self._part, self._name, replace=self._replace)
        self._ended = True
        return self._store.stat(self._name)

    def abort(self) -> None:
        self._ended = True
        self._upload.abandon()
        self._store.delete(self._part)


def _validator(response: BaseHTTPResponse) -> str | None:
    headers = response.headers
    return headers.get("etag") or headers.get("last-modified")


def _total(response: BaseHTTPResponse) -> int | None:
    total = response.headers.get("content-range", "").rpartition("/")[2]
    return int(total) if total.isdigit() else None


def _begin(response: BaseHTTPResponse) -> int:
    begin = response.headers.get("content-range", "").removeprefix("bytes ").partition("-")[0]
    return int(begin) if begin.isdigit() else 0
