"""One way to send a request: version header, retries, typed errors, pages, streams."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from baremetal.client import errors

if TYPE_CHECKING:
    from keystoneauth1.session import Session
    from requests import Response

LOG = logging.getLogger(__name__)

VERSION_HEADER = "X-OpenStack-Ironic-API-Version"
MAXIMUM_HEADER = "X-OpenStack-Ironic-API-Maximum-Version"
#: The newest microversion that this client has a use for.
WANTED_VERSION = (1, 90)

Resource = dict[str, Any]

_SAFE_METHODS = frozenset({"GET", "HEAD"})
_PAUSES_BETWEEN_GETS = (0.1, 0.4)  # seconds, after a connection error
_PATIENCE_WHEN_BUSY = 60.0  # seconds in all that 503 answers are waited out
_LONGEST_PAUSE = 20.0  # seconds


class Transport:
    """Requests to one API root, e.g. http://127.0.0.1:6385/baremetal."""

    def __init__(
        self,
        session: "Session",
        root: str,
        *,
        timeout: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.root = root.rstrip("/").removesuffix("/v1")
        self._session = session
        self._timeout = timeout
        self._sleep = sleep
        self._version = WANTED_VERSION

    @property
    def version(self) -> str:
        """The microversion in use: what we want, or less where the server knows less."""
        return "{}.{}".format(*self._version)

    def beside(self, path: str) -> "Transport":
        """The way to another API of the same service, in the place of ``/baremetal``."""
        root = self.root.removesuffix("/baremetal") + path
        return Transport(self._session, root, timeout=self._timeout, sleep=self._sleep)

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Any:
        """The decoded body of a successful answer; None where it has none.

        :raises errors.ApiError: the server refuses
        :raises errors.Unreachable: it does not answer
        """
        response = self._patiently(method, path, json=json, params=params, **more)
        return response.json() if response.content else None

    def pages(
        self, path: str, key: str, params: Mapping[str, Any] | None = None
    ) -> Iterator[Resource]:
        """Every item of a collection, fetched a page at a time."""
        query = dict(params or {})
        while True:
            page = self.request("GET", path, params=query)
            yield from page[key]
            following = page.get("next")
            if not following or not page[key]:
                return
            # Only the query: behind a gateway, the server's idea of its host may be wrong.
            query = dict(parse_qsl(urlsplit(following).query, keep_blank_values=True))

    def stream(
        self, path: str, *, params: Mapping[str, Any], headers: Mapping[str, str], silence: float
    ) -> "Response":
        """An answer whose body is still to be read; it breaks after `silence` seconds of none."""
        return self._negotiated(
            "GET",
            path,
            params=params,
            headers={"Accept-Encoding": "identity", **headers},
            timeout=(self._timeout, silence),
            stream=True,
        )

    def _patiently(self, method: str, path: str, **kwargs: Any) -> "Response":
        pauses = iter(_PAUSES_BETWEEN_GETS if method in _SAFE_METHODS else ())
        patience = _PATIENCE_WHEN_BUSY
        while True:
            try:
                return self._negotiated(method, path, timeout=self._timeout, **kwargs)
            except errors.Unreachable as lost:
                pause = next(pauses, None)
                if pause is None:
                    raise
                LOG.info("%s; trying again", lost)
            except errors.Busy as busy:
                if busy.retry_after is None or busy.retry_after > patience:
                    raise
                pause = min(max(busy.retry_after, 0.1), _LONGEST_PAUSE)
                patience -= pause
                LOG.info("%s; trying again in %.0f s", busy, pause)
            self._sleep(pause)

    def _negotiated(self, method: str, path: str, **kwargs: Any) -> "Response":
        """The answer at our version, or at the newest of a server that is older."""
        try:
            return self._send(method, path, **kwargs)
        except errors.NotAcceptable as refused:
            newest = _parse_version(refused.refusal.headers.get(MAXIMUM_HEADER))
            if newest is None or newest >= self._version:
                raise
            LOG.info("the server's newest API version is %d.%d", *newest)
            self._version = newest
        return self._send(method, path, **kwargs)

    def _send(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **kwargs: Any
    ) -> "Response":
        # Imported here, because keystoneauth takes longer to import than `--help` may last.
        from keystoneauth1 import exceptions as ksa  # noqa: PLC0415

        url = self.root + path
        started = time.monotonic()
        try:
            response = self._session.request(
                url,
                method,
                headers={"Accept": "*/*", VERSION_HEADER: self.version, **(headers or {})},
                authenticated=True,
                raise_exc=False,
                log=False,  # it would write passwords of BMCs
                **kwargs,
            )
        except ksa.ConnectionError as lost:
            raise errors.Unreachable(self.root, _reason(lost)) from lost
        except ksa.HttpError as refused:  # the identity service's, not the API's
            refusal = errors.Refusal(refused.http_status, str(refused), method, url)
            raise errors.error_for(refusal) from refused
        except ksa.ClientException as unusable:
            raise errors.NotConfigured(str(unusable)) from unusable
        LOG.debug(
            "%s %s: %d in %.0f ms",
            method,
            url,
            response.status_code,
            (time.monotonic() - started) * 1000,
        )
        if response.status_code >= 400:
            raise _error_in(response, method, url)
        return response


def _error_in(response: "Response", method: str, url: str) -> errors.ApiError:
    return errors.error_for(
        errors.Refusal(
            status=response.status_code,
            fault=errors.fault_in(response.text, response.status_code),
            method=method,
            url=url,
            request_id=response.headers.get("openstack-request-id"),
            headers=response.headers,
        )
    )


def _parse_version(text: str | None) -> tuple[int, int] | None:
    major, _, minor = (text or "").partition(".")
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else None


def _reason(lost: Exception) -> str:
    """The innermost cause in few words, e.g. `connection refused`."""
    text = str(lost)
    known = {
        "Connection refused": "connection refused",
        "timed out": "timed out",
        "Name or service not known": "unknown host",
        "NameResolutionError": "unknown host",
        "CERTIFICATE_VERIFY_FAILED": "its TLS certificate is not trusted",
        "Remote end closed": "it closed the connection",
        "Connection reset": "it closed the connection",
    }
    return next((words for sign, words in known.items() if sign in text), text)
