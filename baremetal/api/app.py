"""The WSGI application: Pecan, with one controller that follows the table of routes."""

import functools
import io
import logging
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson
import pecan
import pecan.core
import pecan.rest
import pecan.routing
import pecan.util
import webob

from baremetal import log
from baremetal.api.body import small_body
from baremetal.api.call import Answer, Call
from baremetal.api.dashboard import Dashboard
from baremetal.api.dialect import DIALECTS, Dialect
from baremetal.api.errors import status_of
from baremetal.api.guard import admit
from baremetal.api.query import check_query
from baremetal.api.routing import BYTES, Route, Router
from baremetal.api.services import Services
from baremetal.api.upload import Upload
from baremetal.auth.identity import ANONYMOUS, NOBODY_ASKED, Identity
from baremetal.domain.errors import (
    BaremetalError,
    InvalidInput,
    Unauthenticated,
    Unavailable,
)

LOG = logging.getLogger(__name__)

_JSON = "application/json"
_METHOD_NOT_ALLOWED = 405
_NO_CONTENT = 204
_UNAUTHENTICATED = 401
_UNAVAILABLE = 503
_NOT_FOUND = 404
_NOTHING = io.BytesIO()
_NO_HEADERS: Mapping[str, str] = {}
_REQUEST_ID = "Openstack-Request-Id"
#: There are many ways to write a version, with blanks and zeros; honest callers use few.
_MOST_VERSIONS = 512
_HOST_HEADER = re.compile(r"^[A-Za-z0-9.\-\[\]:]{1,255}$")

StartResponse = Callable[..., Any]


def _remember_signatures() -> None:
    """Let Pecan inspect each controller's signature once, not seven times per request."""
    inspected = functools.lru_cache(maxsize=None)(pecan.util.getargspec)

    def remembered(method: Any) -> Any:
        return inspected(getattr(method, "__func__", method))

    for module in (pecan.util, pecan.rest, pecan.routing, pecan.core):
        if hasattr(module, "getargspec"):
            module.getargspec = remembered


class Root(pecan.rest.RestController):  # type: ignore[misc]
    """The one controller of an API: Pecan asks it for the route, the table answers."""

    def __init__(self, services: Services, dialect: Dialect) -> None:
        """Serve with `services`, as `dialect` has it."""
        super().__init__()
        self._services = services
        self._dialect = dialect
        self._router = Router(dialect.routes)
        #: What the version headers that were fit mean.
        self._versions: dict[tuple[str | None, ...], int] = {}

    @pecan.expose()  # type: ignore[untyped-decorator]
    def _route(self, _segments: list[str], _request: Any) -> tuple[Any, list[str]]:
        return self.serve, []

    @pecan.expose(content_type=_JSON)  # type: ignore[untyped-decorator]
    def serve(self, **_query: str) -> Any:
        """Whatever the route's controller answers."""
        environ = pecan.request.environ
        answer = self._answer(environ)
        environ["baremetal.status"] = answer.status
        headers = list(answer.headers.items())
        if answer.stream is not None:
            headers.append(("Content-Type", answer.content_type))
            return webob.Response(status=answer.status, headerlist=headers, app_iter=answer.stream)
        parts = answer.parts or (answer.body,)
        size = sum(map(len, parts))
        if size:
            headers.append(("Content-Type", answer.content_type))
        if answer.status != _NO_CONTENT:
            headers.append(("Content-Length", str(size)))
        return webob.Response(status=answer.status, headerlist=headers, app_iter=parts)

    def _answer(self, environ: dict[str, Any]) -> Answer:
        version, dialect = 1, self._dialect
        try:
            asked = tuple([environ.get(key) for key in dialect.version_keys])
            known = self._versions.get(asked)
            version = known or dialect.chosen(environ)
            if known is None and len(self._versions) < _MOST_VERSIONS:
                self._versions[asked] = version
            answer = self._dispatch(environ, version)
            if not isinstance(answer.body, bytes):
                answer.body = b"" if answer.body is None else orjson.dumps(answer.body)
        except BaremetalError as error:
            answer = self._refusal(error)
        except Exception:
            LOG.exception("%s %s", environ["REQUEST_METHOD"], environ["baremetal.path"])
            answer = self._fault(
                500,
                "An error of the service itself; its log has the details under request "
                f"{environ['baremetal.request_id']}.",
            )
        answer.headers = {
            **answer.headers,
            **dialect.headers,
            _REQUEST_ID: environ["baremetal.request_id"],
        }
        if dialect.version_header is not None:
            answer.headers[dialect.version_header] = f"{dialect.major}.{version}"
        return answer

    def _fault(self, status: int, message: str, headers: Mapping[str, str] = _NO_HEADERS) -> Answer:
        dialect = self._dialect
        body = dialect.error_body(message, status)
        return Answer(body, status, dict(headers), content_type=dialect.error_type)

    def _identified(self, environ: Mapping[str, Any], route: Route) -> Identity:
        auth = self._services.auth
        try:
            identity = auth.identify(environ) if auth else NOBODY_ASKED
        except Unavailable:
            if not route.public:
                raise
            identity = ANONYMOUS
        if not identity.authenticated and not route.public:
            raise Unauthenticated("The request you have made requires authentication.")
        return identity

    def _refusal(self, error: BaremetalError) -> Answer:
        status = status_of(error)
        headers = {}
        if status == _UNAUTHENTICATED and self._services.auth:
            headers["WWW-Authenticate"] = self._services.auth.challenge
        if status == _UNAVAILABLE:
            headers["Retry-After"] = "5"
        return self._fault(status, error.message, headers)

    def _dispatch(self, environ: dict[str, Any], version: int) -> Answer:
        path = self._dialect.normal(_path(environ["baremetal.path"]))
        match = self._router.find(path.strip("/").split("/"))
        if match is None:
            return self._fault(_NOT_FOUND, f"No resource is at {path}.")
        method = environ["REQUEST_METHOD"]
        route = match.methods.get("GET" if method == "HEAD" else method)
        if route is None:
            headers = {"Allow": ", ".join(sorted(match.methods))}
            return self._fault(_METHOD_NOT_ALLOWED, f"{method} is not allowed on {path}.", headers)
        environ["baremetal.route"] = route
        identity = self._identified(environ, route)
        if version < route.since:
            return self._fault(
                _NOT_FOUND,
                f"{path} needs API version {self._dialect.major}.{route.since} or newer; "
                f"this request is for {self._dialect.major}.{version}.",
            )
        body = environ["baremetal.body"]
        if isinstance(body, BaremetalError):
            raise body
        call = Call(
            services=self._services,
            identity=identity,
            version=version,
            base=self._base(environ),
            path=path,
            args=match.args,
            query={} if route.open_query else _query(environ["baremetal.query"]),
            raw=body,
            request_id=environ["baremetal.request_id"],
            environ=environ,
        )
        return _answer_of(route, call)

    def _base(self, environ: Mapping[str, Any]) -> str:
        """The URL of this API as callers know it, without a slash at its end."""
        public, dialect = self._services.public_url, self._dialect
        if not public:
            return _base_url(environ)
        # It is configured for the first API; the others stand beside it.
        first = DIALECTS[0].prefix
        return public if dialect.prefix == first else public.removesuffix(first) + dialect.prefix


class _Plain(pecan.Pecan):  # type: ignore[misc]
    """Pecan without its last look at each body, which would read event streams to their end."""

    def _handle_empty_response_body(self, _state: Any) -> None:
        """Controllers say themselves what they answer."""


class Application:
    """What a WSGI server runs: reads the body within its cap, names the request, goes on."""

    def __init__(self, services: Services) -> None:
        """Serve with `services`."""
        _remember_signatures()
        self._services = services
        self._dashboard = Dashboard()
        faces = [_Face(services, dialect) for dialect in DIALECTS]
        self._first = faces[0]
        self._faces = {face.prefix: face for face in faces}

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request_id = environ["baremetal.request_id"] = f"req-{secrets.token_hex(16)}"
        given = environ.get("HTTP_X_OPENSTACK_REQUEST_ID")
        context = {"request_id": request_id}
        if given is not None and log.is_request_id(given):
            context["global_request_id"] = given
        log.CONTEXT.set(context)
        path, face = environ.get("PATH_INFO", ""), self._first
        prefix = path[: path.find("/", 1)] if path.find("/", 1) > 0 else path
        if prefix in self._faces:
            face = self._faces[prefix]
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + prefix
            path = path[len(prefix) :] or "/"
        environ["baremetal.path"] = path
        upload = None
        if (environ["REQUEST_METHOD"], path.rpartition("/")[2]) in face.uploads:
            upload = environ["baremetal.upload"] = Upload(environ)
            environ["baremetal.body"] = b""
        else:
            environ["baremetal.body"] = small_body(environ, self._services.max_body)
        if path == "/dashboard" or path.startswith("/dashboard/"):
            return self._dashboard(environ, start_response)
        environ["baremetal.query"] = environ.get("QUERY_STRING", "")
        # Pecan would parse all of these for choices that are not left to it, and stumble.
        environ.update({"wsgi.input": _NOTHING, "CONTENT_LENGTH": "0"})
        environ.update({"PATH_INFO": "/", "QUERY_STRING": ""})
        environ.pop("HTTP_ACCEPT", None)
        answer: Iterable[bytes] = face.answer(environ, start_response)
        if upload is not None:
            upload.drain()
        return answer


class _Face:
    """One API as it is served."""

    def __init__(self, services: Services, dialect: Dialect) -> None:
        self.prefix = dialect.prefix
        self.answer = _Plain(Root(services, dialect), guess_content_type_from_ext=False)
        #: (method, last word of the path) of the routes whose bodies are not read beforehand.
        self.uploads = {
            (route.method, route.path.rpartition("/")[2])
            for route in dialect.routes
            if route.takes is BYTES
        }


def _base_url(environ: Mapping[str, Any]) -> str:
    """The same, as far as the request tells."""
    host = environ.get("HTTP_HOST", "")
    if not _HOST_HEADER.match(host):
        host = f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    return f"{environ['wsgi.url_scheme']}://{host}{environ.get('SCRIPT_NAME', '')}"


def _path(raw: str) -> str:
    """The path as text; WSGI hands bytes over as Latin-1.

    :raises InvalidInput: it is no valid UTF-8, or has a NUL, which no name can have.
    """
    try:
        path = raw if raw.isascii() else raw.encode("latin-1").decode()
    except UnicodeDecodeError as error:
        raise InvalidInput("The path is not valid UTF-8.") from error
    if "\x00" in path:
        raise InvalidInput("The path contains a NUL character.")
    return path


def _answer_of(route: Route, call: Call) -> Answer:
    if call.query:
        check_query(call, route.query)
    if call.services.policy is not None and not route.public:
        admit(route, call)
    result = route.controller(call)
    return result if isinstance(result, Answer) else Answer(result, route.status)


def _query(text: str) -> dict[str, str]:
    """Query parameters, each at most once.

    :raises InvalidInput: one that is given twice, or that is no valid UTF-8.
    """
    if not text:
        return {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError as error:
        raise InvalidInput(f"The query string cannot be read: {error}") from error
    query: dict[str, str] = {}
    for name, value in pairs:
        if name in query:
            raise InvalidInput(f"The query parameter '{name[:80]}' is given more than once.")
        if "\x00" in value:
            raise InvalidInput(f"The query parameter '{name[:80]}' contains a NUL character.")
        query[name] = value
    return query
