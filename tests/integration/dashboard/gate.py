"""A gate before a plane, which asks for a token, or knows an answer itself; the rest passes."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import requests

from tests.support.plane import PlaneProcess

_CHALLENGE = 'Keystone uri="http://127.0.0.1:5000"'
_ASKED = ("X-OpenStack-Ironic-API-Version", "Last-Event-ID")
_TOLD = ("Content-Type", "Content-Security-Policy", "Location")


class _Handler(BaseHTTPRequestHandler):
    """Closes each connection after its answer, so that streams need no chunks."""

    plane_url: ClassVar[str]
    token: ClassVar[str | None]
    answers: ClassVar[Mapping[str, Any]]

    def do_GET(self) -> None:
        if self.token and "/v1/" in self.path and self.headers.get("X-Auth-Token") != self.token:
            self._begin(401, {"WWW-Authenticate": _CHALLENGE})
            return
        for end, document in self.answers.items():
            if self.path.endswith(end):
                self._begin(200, {"Content-Type": "application/json"})
                self.wfile.write(json.dumps(document).encode())
                return
        self._pass_on()

    def _pass_on(self) -> None:
        headers = {name: self.headers[name] for name in _ASKED if name in self.headers}
        answer = requests.get(
            self.plane_url + self.path,
            headers=headers,
            stream=True,
            timeout=60,
            allow_redirects=False,
        )
        told = {name: answer.headers[name] for name in _TOLD if name in answer.headers}
        self._begin(answer.status_code, told)
        for piece in answer.iter_content(None):
            self.wfile.write(piece)

    def _begin(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


class _Server(ThreadingHTTPServer):
    # Streams end with the plane, not with the gate.
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A browser that goes away in the middle is none."""


@contextmanager
def gate(
    plane: PlaneProcess, token: str | None = None, answers: Mapping[str, Any] | None = None
) -> Iterator[str]:
    """The URL of the gate; `answers` are documents by the end of their path."""
    settings = {"plane_url": plane.root_url, "token": token, "answers": answers or {}}
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), settings))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
