"""``/metrics``, ``/healthz`` and ``/readyz``: before the API, or alone."""

from collections.abc import Callable, Iterable
from typing import Any

import orjson
from oslo_config import cfg
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from baremetal.clock import Clock
from baremetal.db.database import Database
from baremetal.health.checks import NEEDED, Readiness
from baremetal.health.metrics import Metrics
from baremetal.health.siblings import Siblings
from baremetal.meters import METERS, Meters

StartResponse = Callable[..., Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
#: Status line, content type, body.
Reply = tuple[str, str, bytes]

_JSON = "application/json"
_OK = "200 OK"


class Probes:
    """The three paths. They ask for no credentials, and tell nothing that needs any."""

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        db: Database,
        clock: Clock,
        *,
        metrics: bool = True,
        siblings: Siblings | None = None,
    ) -> None:
        """Answer for a process with this configuration and database, and for its siblings."""
        self._readiness = Readiness(conf, db, clock)
        self._metrics = Metrics(db, clock, siblings=siblings)
        self.paths: dict[str, Callable[[], Reply]] = {
            "/healthz": self._alive,
            "/readyz": self._ready,
        }
        if metrics:
            self.paths["/metrics"] = self._figures

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        """Answer one request, as a WSGI application of its own."""
        method, reply = environ["REQUEST_METHOD"], self.paths.get(environ.get("PATH_INFO", ""))
        if reply is None:
            status, kind, body = "404 Not Found", "text/plain", b"Nothing is here.\n"
        elif method not in ("GET", "HEAD"):
            status, kind, body = "405 Method Not Allowed", "text/plain", b"Only GET is allowed.\n"
        else:
            status, kind, body = reply()
        headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
        start_response(status, [*headers, ("Cache-Control", "no-store")])
        return [] if method == "HEAD" else [body]

    def _alive(self) -> Reply:
        return _OK, _JSON, orjson.dumps({"alive": True})

    def _ready(self) -> Reply:
        lacking = self._readiness.missing()
        ready = NEEDED.isdisjoint(lacking)
        body = orjson.dumps({"ready": ready, "missing": lacking})
        return (_OK if ready else "503 Service Unavailable"), _JSON, body

    def _figures(self) -> Reply:
        return _OK, CONTENT_TYPE_LATEST, self._metrics.text()


class Front:
    """An application with the three paths before it, and a watch on how long it takes.

    The application says in its environ which route it took (``baremetal.route``, with `method`
    and `path`) and how it answered (``baremetal.status``).
    """

    def __init__(
        self, application: Application, probes: Probes, clock: Clock, meters: Meters = METERS
    ) -> None:
        """Stand before `application`."""
        self._application = application
        self._probes = probes
        self._paths = probes.paths
        self._now = clock.monotonic
        self._observe = meters.http.observe

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if environ.get("PATH_INFO") in self._paths:
            return self._probes(environ, start_response)
        begun = self._now()
        answer = self._application(environ, start_response)
        route, status = environ.get("baremetal.route"), environ.get("baremetal.status", 0)
        labels = ("-", "-") if route is None else (route.method, route.path)
        self._observe((*labels, str(status)), self._now() - begun)
        return answer
