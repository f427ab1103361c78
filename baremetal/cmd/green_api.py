"""The API on oslo.service's eventlet back end, where threads are green."""

from typing import Any

import eventlet
import eventlet.wsgi
from oslo_config import cfg
from oslo_service import service

from baremetal.cmd.wsgi import make_application
from baremetal.conf import api as options

_BACKLOG = 1024
_STOP_SECONDS = 10


class GreenApi(service.ServiceBase):  # type: ignore[misc]
    """Serves on a socket that is opened once and shared by all processes."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        """Listen; nothing is answered before `start`."""
        self._conf = conf
        self._socket = eventlet.listen((conf.api.host, conf.api.port), backlog=_BACKLOG)
        self._pool = eventlet.GreenPool(options.threads(conf))
        self._server: eventlet.greenthread.GreenThread | None = None

    def start(self) -> None:
        """Answer requests."""
        application = make_application(self._conf)
        self._server = eventlet.spawn(
            eventlet.wsgi.server,
            # It closes what it is given when it ends; after SIGHUP another serves on ours.
            self._socket.dup(),
            _with_lengths(application),
            custom_pool=self._pool,
            log_output=False,
            socket_timeout=60,
            # What a stream says goes out as it is said.
            minimum_chunk_size=1,
        )

    def stop(self) -> None:
        """Answer what has come in, and no more."""
        if self._server is not None:
            self._server.kill()
            with eventlet.Timeout(_STOP_SECONDS, exception=False):
                self._pool.waitall()

    def wait(self) -> None:
        """Return when it has stopped."""
        if self._server is not None:
            try:
                self._server.wait()
            except eventlet.greenlet.GreenletExit:
                return

    def reset(self) -> None:
        """Be ready to start again, which reads all anew."""


def _with_lengths(application: Any) -> Any:
    """Say of an answer without a body that it has none; the server would send an empty chunk."""

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            if status.startswith("204"):
                headers = [*headers, ("Content-Length", "0")]
            return start_response(status, headers, *rest)

        return application(environ, start)

    return answer
