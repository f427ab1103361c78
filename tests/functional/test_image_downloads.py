"""Where web-download must not reach, it does not, whatever leads there."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import baremetal.cmd.backend  # noqa: F401 - must come before anything of oslo
from baremetal.domain.errors import InvalidInput, Unavailable
from baremetal.images.downloads import Downloads
from baremetal.stores.errors import UseRefused
from tests.support.configuration import fresh_configuration


class _Server(ThreadingHTTPServer):
    """Redirects ``/to/HOST/PATH`` there, at its own port; counts who comes."""

    asked: list[str]


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.path.startswith("/to/"):
            host, _, rest = self.path.removeprefix("/to/").partition("/")
            self.send_response(302)
            self.send_header("Location", f"http://{host}:{self.server.server_port}/{rest}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"data")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Handler) as made:
        made.asked = []
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


def _downloads(directory: Path, **options: Any) -> Downloads:
    conf = fresh_configuration(directory)
    for name, value in options.items():
        conf.set_override(f"download_{name}", value, group="images")
    return Downloads(conf)


def _read(downloads: Downloads, uri: str) -> bytes:
    found = downloads.source(uri)
    return b"".join(bytes(piece) for piece in found.store.read(found.name))


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001"])
def test_a_name_of_this_machine_is_found_out_when_it_is_looked_up(
    tmp_path: Path, server: _Server, host: str
) -> None:
    uri = f"http://{host}:{server.server_port}/a"
    with pytest.raises(UseRefused, match=r"127.0.0.1|::1.*download_local"):
        _read(_downloads(tmp_path), uri)
    assert server.asked == []
    assert _read(_downloads(tmp_path, local=True), uri) == b"data"


def test_a_redirection_leads_no_further_than_an_address(tmp_path: Path, server: _Server) -> None:
    hosts = ["127.0.0.1"]
    downloads = _downloads(tmp_path, local=True, hosts=hosts)
    start = f"http://127.0.0.1:{server.server_port}"
    assert _read(downloads, f"{start}/to/127.0.0.1/a") == b"data"
    with pytest.raises(UseRefused, match=r"localhost: .images. download_hosts is 127.0.0.1"):
        _read(downloads, f"{start}/to/localhost/b")
    assert "/b" not in server.asked


def test_a_name_that_means_another_address_later_is_asked_at_the_one_that_was_looked_at(
    tmp_path: Path, server: _Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the second answer is this machine; nobody asks for a second one."""
    downloads = _downloads(tmp_path)
    answers = iter(["192.0.2.1", "127.0.0.1", "127.0.0.1"])
    true = socket.getaddrinfo
    connected: list[Any] = []

    def look_up(host: Any, *args: Any, **more: Any) -> Any:
        return true(next(answers) if host == "rebound.test" else host, *args, **more)

    def connect(_self: socket.socket, address: Any) -> None:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(Unavailable):
        _read(downloads, f"http://rebound.test:{server.server_port}/a")
    assert connected == ["192.0.2.1"]
    with pytest.raises(UseRefused):
        _read(downloads, f"http://rebound.test:{server.server_port}/a")
    assert connected == ["192.0.2.1"]


@pytest.mark.parametrize("uri", ["ftp://a/b", "file:///etc/passwd", "http://a:99999/", "http:///a"])
def test_what_is_no_address_of_the_web_is_refused(tmp_path: Path, uri: str) -> None:
    with pytest.raises(InvalidInput):
        _downloads(tmp_path).source(uri)
