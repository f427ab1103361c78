"""HTTP as the agent needs it: a small question to the API, and a body of any size, resumed."""

import http.client
import json
import time
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from baremetal.agent.failure import StepFailed

_SECONDS: Final = 60.0
_PIECE: Final = 1 << 20
#: Connections in a row that brought nothing, before it is given up.
_ATTEMPTS: Final = 10
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 15.0
_REDIRECTIONS: Final = 5
_REDIRECTED: Final = (301, 302, 303, 307, 308)
_WORTH_ANOTHER: Final = (408, 425, 429, 500, 502, 503, 504)

Sleep = Callable[[float], None]


def ask(method: str, url: str, body: object, headers: dict[str, str]) -> tuple[int, Any]:
    """Status and decoded JSON of the answer; status 0 and the reason where there is none."""
    data = None if body is None else json.dumps(body).encode()
    try:
        connection = _connect(url)
        try:
            connection.request(method, _target(url), data, headers)
            answer = connection.getresponse()
            said = answer.read()
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as error:
        return 0, f"{type(error).__name__}: {error}"
    try:
        return answer.status, json.loads(said) if said else None
    except ValueError:
        return answer.status, None


class Download:
    """The bytes behind a URL, from first to last, over as many connections as it takes."""

    def __init__(self, url: str, sleep: Sleep = time.sleep) -> None:
        """Nothing is asked before `pieces`."""
        self._url = url
        self._sleep = sleep
        self._done = 0
        self._validator: str | None = None
        #: Bytes in all, from when the first have come; None where the server does not say.
        self.size: int | None = None

    def pieces(self) -> Iterator[memoryview]:
        """Each piece is good until the next one is asked for.

        :raises StepFailed: the server refuses, has changed the object, or is gone for good.
        """
        buffer = memoryview(bytearray(_PIECE))
        failures, reason = 0, ""
        while failures < _ATTEMPTS:
            if failures:
                self._sleep(min(_FIRST_PAUSE * 2 ** (failures - 1), _LONGEST_PAUSE))
            before = self._done
            try:
                connection, answer = self._open()
                try:
                    while count := answer.readinto(buffer):
                        self._done += count
                        yield buffer[:count]
                finally:
                    connection.close()
                if self.size is None or self._done == self.size:
                    return
                reason = "the connection ended early"
            except (OSError, http.client.HTTPException) as error:
                reason = f"{type(error).__name__}: {error}"
            failures = 1 if self._done > before else failures + 1
        raise StepFailed(f"{self._url}: stuck at byte {self._done}: {reason}")

    def _open(self) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        url = self._url
        for _ in range(_REDIRECTIONS):
            connection = _connect(url)
            try:
                connection.request("GET", _target(url), headers=self._headers())
                answer = connection.getresponse()
                if answer.status in _REDIRECTED:
                    url = urljoin(url, answer.headers.get("Location", ""))
                    connection.close()
                    continue
                self._judge(answer)
            except BaseException:
                connection.close()
                raise
            return connection, answer
        raise StepFailed(f"{self._url}: more than {_REDIRECTIONS} redirections")

    def _headers(self) -> dict[str, str]:
        headers = {"Accept-Encoding": "identity"}
        if self._done:
            headers["Range"] = f"bytes={self._done}-"
            if self._validator:
                headers["If-Range"] = self._validator
        return headers

    def _judge(self, answer: http.client.HTTPResponse) -> None:
        """Take the answer if it goes on where we are."""
        if answer.status in _WORTH_ANOTHER:
            raise ConnectionError(f"the server answers {answer.status}")
        if answer.status not in (200, 206):
            raise StepFailed(f"{self._url}: the server answers {answer.status} {answer.reason}")
        if answer.status == 206 and not _begins_at(answer, self._done):
            raise StepFailed(
                f"{self._url}: the server answers with other bytes than were asked for"
            )
        etag = answer.headers.get("ETag") or ""
        validator = answer.headers.get("Last-Modified") if etag[:2] in ("", "W/") else etag
        if self._done:
            if self._validator and validator and validator != self._validator:
                raise StepFailed(f"{self._url}: it has changed while it was being read")
            if answer.status == 200:
                self._skip(answer)
            return
        self._validator = validator
        length = answer.headers.get("Content-Length")
        self.size = int(length) if length else None

    def _skip(self, answer: http.client.HTTPResponse) -> None:
        """Read again what is there already: this server knows no ranges."""
        left = self._done
        while left:
            count = len(answer.read(min(left, _PIECE)))
            if not count:
                raise ConnectionError("the connection ended early")
            left -= count


def fetch_text(url: str, most: int) -> str:
    """A text of at most so many bytes.

    :raises StepFailed: it cannot be had, or is longer.
    """
    text = bytearray()
    for piece in Download(url).pieces():
        text += piece
        if len(text) > most:
            raise StepFailed(f"{url}: it has more than {most} bytes")
    return text.decode(errors="replace")


def _connect(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise StepFailed(f"{url}: the agent reads http and https alone")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname, parts.port, timeout=_SECONDS)


def _begins_at(answer: http.client.HTTPResponse, first: int) -> bool:
    return (answer.headers.get("Content-Range") or "").startswith(f"bytes {first}-")


def _target(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
