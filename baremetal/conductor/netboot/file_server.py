"""The small HTTP server of a conductor: scripts, kernels, ramdisks, and nothing else."""

import http.server
import logging
import socket
import threading
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from baremetal.domain.errors import Unavailable

LOG = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 0.2
#: Seconds that a machine may be silent in the middle of a transfer.
_PATIENCE: Final = 60.0


class FileServer:
    """Serves the files beneath a directory, to anybody; it lists nothing."""

    def __init__(self, address: tuple[str, int], root: Path) -> None:
        """Nothing is served before `start`."""
        self._address = address
        self._root = root
        self._server: _Server | None = None

    def start(self) -> int:
        """Serve in a thread of its own; the port.

        :raises Unavailable: the address is not ours, or taken.
        """
        handler = _handler(self._root)
        try:
            self._server = _Server(self._address, handler)
        except OSError as error:
            host, port = self._address
            raise Unavailable(f"[netboot]host {host}:{port} cannot be served: {error}") from error
        serve = self._server.serve_forever
        threading.Thread(target=serve, args=(_LOOK_SECONDS,), name="netboot", daemon=True).start()
        return int(self._server.server_address[1])

    def stop(self) -> None:
        """Serve no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: Any) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)


def _handler(root: Path) -> type[http.server.SimpleHTTPRequestHandler]:
    class Handler(http.server.SimpleHTTPRequestHandler):
        timeout = _PATIENCE

        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(root))

        def send_head(self) -> Any:
            wanted = Path(self.translate_path(self.path))
            hidden = any(part.startswith(".") for part in wanted.relative_to(root).parts)
            if hidden or not wanted.is_file():
                self.send_error(HTTPStatus.NOT_FOUND)
                return None
            return super().send_head()

        def log_message(self, format: str, *args: Any) -> None:
            LOG.debug("%s %s", self.client_address[0], format % args)

    return Handler
