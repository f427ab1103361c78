"""What can go wrong on the way to the API, one class per thing that a caller can act on.

ClientError
|-- NotConfigured        nothing says which cloud to talk to, or how
|-- Unreachable          no answer: refused, unknown host, timeout, TLS
|-- ApiError             an answer, and it is a refusal (`status`, `fault`)
|   |-- BadRequest       400  the request is wrong
|   |-- Unauthorized     401  who are you?
|   |-- Forbidden        403  you may not, or the node is protected
|   |-- NotFound         404
|   |-- NotAcceptable    406  the API version is not spoken there
|   |-- Conflict         409  busy, or it exists already
|   |-- TooLarge         413
|   |-- Busy             503  try again later (`retry_after`)
|   `-- ServerFault      any other 5xx
|-- WrongBytes           what came is not what the service says that it has
|-- EndedBadly           work that was waited for ended in another state
`-- WaitTimeout          it had not ended in time
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


class ClientError(Exception):
    """Whatever this client raises on purpose."""


class NotConfigured(ClientError):
    """Nothing says which cloud to talk to, or what it says cannot be used."""


class Unreachable(ClientError):
    """No answer came from `url`."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"no answer from {url}: {reason}")
        self.url = url
        self.reason = reason


class WrongBytes(ClientError):
    """What came is not what the service says that it has."""


class EndedBadly(ClientError):
    """Work that was waited for ended in another state than the wanted one."""


class WaitTimeout(ClientError):
    """Work that was waited for had not ended in time; it goes on."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusing answer, as it came over the wire."""

    status: int
    fault: str
    method: str = ""
    url: str = ""
    request_id: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class ApiError(ClientError):
    """The API refused; `fault` is its own sentence about it."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.fault)
        self.refusal = refusal

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.refusal.status

    @property
    def fault(self) -> str:
        """What the server says was wrong."""
        return self.refusal.fault


class BadRequest(ApiError):
    """400: the request is wrong."""


class Unauthorized(ApiError):
    """401: no credentials, or wrong ones."""


class Forbidden(ApiError):
    """403: not allowed to you, or to anybody (a protected node)."""


class NotFound(ApiError):
    """404: there is no such thing."""


class NotAcceptable(ApiError):
    """406: the server does not speak that API version."""


class Conflict(ApiError):
    """409: something else holds it, or it exists already."""


class TooLarge(ApiError):
    """413: the body is over the server's cap."""


class ServerFault(ApiError):
    """5xx: the server failed."""


class MachineFailed(ServerFault):
    """502: the service works, but the machine's BMC did not answer, or refused."""


class Busy(ServerFault):
    """503: the server cannot now; `retry_after` says when it might."""

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait as the server advises, or None when it does not."""
        value = self.refusal.headers.get("Retry-After", "")
        return float(value) if value.isdigit() else None


_BY_STATUS: dict[int, type[ApiError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    406: NotAcceptable,
    409: Conflict,
    413: TooLarge,
    502: MachineFailed,
    503: Busy,
}


def error_for(refusal: Refusal) -> ApiError:
    """The error class that fits an answer's status."""
    fallback = ServerFault if refusal.status >= 500 else ApiError
    if refusal.status == 404 and refusal.fault in ("Not Found", "HTTP status 404"):
        # Not a thing that is missing, but a path: perhaps the endpoint is not the API's root.
        refusal = replace(refusal, fault=f"there is no {refusal.url}")
    return _BY_STATUS.get(refusal.status, fallback)(refusal)


def fault_in(body: str, status: int) -> str:
    """The sentence inside an error body, whichever envelope it came in.

    The Bare Metal API wraps it in `error_message`, which holds JSON as a string; gateways
    and middlewares have envelopes of their own.
    """
    inner: Any
    try:
        inner = json.loads(body)
    except ValueError:
        return _first_line(body) or f"HTTP status {status}"
    if isinstance(inner, dict):
        inner = inner.get("error_message") or inner.get("error") or inner
    if isinstance(inner, str):
        try:
            inner = json.loads(inner)
        except ValueError:
            return _first_line(str(inner)) or f"HTTP status {status}"
    return _sentence(inner) or f"HTTP status {status}"


def _first_line(text: str) -> str:
    """The gist of plain text; nothing of HTML, which is a gateway talking to browsers."""
    return "" if "<" in text else text.strip().partition("\n")[0][:300]


def _sentence(envelope: Any) -> str | None:
    if not isinstance(envelope, dict):
        return None
    keys = ("faultstring", "description", "message", "title")
    found = next((str(envelope[key]) for key in keys if envelope.get(key)), None)
    if found is None and len(envelope) == 1:
        # The Shared File Systems API names the kind of fault around it.
        return _sentence(next(iter(envelope.values())))
    return found
