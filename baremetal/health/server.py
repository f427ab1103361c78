"""An HTTP server for nothing but the health of a process that has no API."""

import threading

from cheroot import wsgi

from baremetal.health.front import Probes

_THREADS = 2
_SHUTDOWN_SECONDS = 2


class HealthServer:
    """Listens on an address of its own; `start` and `stop` it with what it tells about."""

    def __init__(self, probes: Probes, host: str, port: int) -> None:
        """Prepare to listen."""
        self._server = wsgi.Server(
            (host, port),
            probes,
            numthreads=_THREADS,
            max=_THREADS,
            shutdown_timeout=_SHUTDOWN_SECONDS,
            server_name="baremetal",
        )

    def start(self) -> None:
        """Listen.

        :raises OSError: the address is taken, or not ours.
        """
        self._server.prepare()
        threading.Thread(target=self._server.serve, name="health", daemon=True).start()

    def stop(self) -> None:
        """Listen no more."""
        self._server.stop()
