"""What stores behind HTTP share: a pool of connections, errors of ours, uploads by pieces."""

import http.client
import ssl
from collections.abc import Generator, Mapping
from typing import Final
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from baremetal.domain.errors import BaremetalError, InvalidInput, NotFound, Unavailable
from baremetal.stores.backends import gated
from baremetal.stores.contract import Bytes
from baremetal.stores.errors import AccessRefused, StoreError, StoreFull
from baremetal.stores.reach import Reach

_CONNECT_SECONDS: Final = 10.0
_CONNECTIONS: Final = 32
#: Pieces that are smaller go out together.
_TOGETHER: Final = 64 << 10


def refusal(status: int, what: object, detail: str = "") -> BaremetalError:
    """The error of ours for an HTTP status."""
    said = f"{what}: the server answers {status}{f' ({detail})' if detail else ''}."
    if status in (404, 410):
        return NotFound("Object", what)
    if status in (401, 403):
        return AccessRefused(said)
    if status in (408, 425, 429) or status in (500, 502, 503, 504):
        return Unavailable(said)
    if status in (413, 507):
        return StoreFull(said)
    return StoreError(said)


def byte_range(start: int, length: int | None) -> str | None:
    """The bytes of an object that a read wants, for a Range header (RFC 9110, 14.1); None: all."""
    if not start and length is None:
        return None
    return f"bytes={start}-{'' if length is None else start + length - 1}"


class HttpClient:
    """Requests with the same headers; connections are kept and shared by threads."""

    def __init__(
        self,
        headers: Mapping[str, str],
        *,
        ca_file: str = "",
        timeout: float = 60.0,
        reach: Reach | None = None,
    ) -> None:
        """Send `headers` with all; trust `ca_file` beside what the system trusts.

        `reach` is what GET goes to, wherever it is led; without one there are no bounds.
        """
        self._headers = dict(headers)
        self._timeout = timeout
        try:
            self._tls = ssl.create_default_context(cafile=ca_file or None)
        except OSError as error:
            raise InvalidInput(f"ca_file: {ca_file} cannot be read: {error.strerror}.") from error
        self._pool = urllib3.PoolManager(
            maxsize=_CONNECTIONS,
            retries=False,
            timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=timeout),
            ssl_context=self._tls,
        )
        if reach is not None:
            self._pool.pool_classes_by_scheme = dict(gated.pools(reach))

    def get(self, url: str, headers: Mapping[str, str], what: object) -> BaseHTTPResponse:
        """The answer to GET, its body yet unread; redirections are followed.

        :raises Unavailable: nobody answers.
        """
        return self._request("GET", url, headers, what, None)

    def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        what: object,
        body: Bytes | None = None,
    ) -> BaseHTTPResponse:
        """The answer to a request, its body read.

        :raises Unavailable: nobody answers.
        """
        response = self._request(method, url, headers, what, body)
        try:
            response.read(cache_content=True)
        except HTTPError as error:
            raise Unavailable(f"{what}: {_reason(error)}.") from error
        return response

    def _request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        what: object,
        body: Bytes | None,
    ) -> BaseHTTPResponse:
        try:
            return self._pool.request(
                method,
                url,
                headers={**self._headers, **headers},
                body=body if body is None or isinstance(body, bytes) else bytes(body),
                preload_content=False,
                decode_content=False,
                redirect=method == "GET",
                retries=urllib3.Retry(total=None, connect=0, read=0, other=0, status=0, redirect=5),
            )
        except urllib3.exceptions.LocationParseError as error:
            raise InvalidInput(f"{what} is no URL that can be asked.") from error
        except HTTPError as error:
            raise Unavailable(f"{what}: {_reason(error)}.") from error

    def body(
        self, response: BaseHTTPResponse, piece: int, what: object
    ) -> Generator[bytes, None, None]:
        """The body in pieces; a connection that was read to its end is used again.

        :raises Unavailable: it was cut off.
        """
        try:
            yield from response.stream(piece)
        except HTTPError as error:
            raise Unavailable(f"{what}: {_reason(error)}.") from error

    def upload(
        self, url: str, headers: Mapping[str, str], size: int | None, what: object
    ) -> "HttpUpload":
        """A PUT whose body will come by pieces."""
        parts = urlsplit(url)
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            connection = http.client.HTTPSConnection(
                parts.netloc, timeout=self._timeout, context=self._tls
            )
        else:
            connection = http.client.HTTPConnection(parts.netloc, timeout=self._timeout)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        return HttpUpload(connection, target, {**self._headers, **headers}, size, what)


class HttpUpload:
    """A PUT that is under way, on a connection of its own."""

    def __init__(
        self,
        connection: http.client.HTTPConnection,
        target: str,
        headers: Mapping[str, str],
        size: int | None,
        what: object,
    ) -> None:
        """Send the head; the body is `size` bytes long, or in chunks where that is unknown."""
        self._connection = connection
        self._what = what
        self._chunked = size is None
        self._waiting: list[Bytes] = []
        self._length = 0
        try:
            connection.putrequest("PUT", target, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            if size is None:
                connection.putheader("transfer-encoding", "chunked")
            else:
                connection.putheader("content-length", str(size))
            connection.endheaders()
        except OSError as error:
            connection.close()
            raise Unavailable(f"{what}: {error.strerror or error}.") from error

    def send(self, data: Bytes) -> None:
        """Send the next bytes, some time.

        :raises Unavailable: the connection was cut.
        """
        self._waiting.append(data)
        self._length += len(data)
        if self._length >= _TOGETHER:
            self._flush()

    def _flush(self) -> None:
        waiting, length = self._waiting, self._length
        self._waiting, self._length = [], 0
        if not length:
            return
        data = waiting[0] if len(waiting) == 1 else b"".join(waiting)
        try:
            if self._chunked:
                self._connection.send(b"%x\r\n" % length)
            self._connection.send(data)
            if self._chunked:
                self._connection.send(b"\r\n")
        except OSError as error:
            # A server that refuses answers before it has all, and hangs up.
            self._answer_to(error)

    def _answer_to(self, error: OSError) -> None:
        try:
            status = self._connection.getresponse().status
        except (OSError, http.client.HTTPException):
            raise Unavailable(f"{self._what}: {error.strerror or error}.") from error
        raise refusal(status, self._what) from error

    def finish(self) -> Mapping[str, str]:
        """The headers of the answer, when the server has taken all.

        :raises BaremetalError: it has not.
        """
        self._flush()
        try:
            if self._chunked:
                self._connection.send(b"0\r\n\r\n")
            response = self._connection.getresponse()
            detail = response.read(1000).decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"{self._what}: {error}.") from error
        finally:
            self._connection.close()
        if response.status not in (200, 201, 202, 204):
            raise refusal(response.status, self._what, detail if response.status == 400 else "")
        return {name.lower(): value for name, value in response.getheaders()}

    def abandon(self) -> None:
        """Cut the line: the server must not take it for whole."""
        self._connection.close()


def _reason(error: Exception) -> str:
    """What happened, without the URL, which may hold a signature."""
    inner = getattr(error, "reason", None) or error
    text = str(inner)
    if isinstance(inner, urllib3.exceptions.NewConnectionError):
        return "nobody answers there"
    if isinstance(inner, urllib3.exceptions.ConnectTimeoutError | TimeoutError):
        return "no answer in time"
    if "IncompleteRead" in text:
        return "the connection was cut in the middle"
    if isinstance(inner, urllib3.exceptions.SSLError):
        return f"TLS failed: {text[:200]}"
    return type(inner).__name__
