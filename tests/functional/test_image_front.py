"""Downloads that nginx sends: what it serves, and what it must not."""

import hashlib
import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.nginx import NginxServer, NginxUnavailableError
from devstack.ports import free_port
from tests.support.images import ImageService
from tests.support.plane import PlaneProcess
from tests.support.servers import running

pytestmark = pytest.mark.slow

_DATA = bytes(range(256)) * 4000
_OPTIONS = """
[images]
ticket_seconds = 60
[store:local]
accel_redirect = /image-data/
"""
_FRONT = """
location /image/ {{
    proxy_pass http://127.0.0.1:{port};
    proxy_set_header Host $http_host;
}}
location /image-data/ {{
    internal;
    alias {images}/;
    add_header Content-MD5 $upstream_http_content_md5;
}}
"""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ImageService]:
    """An image service whose files nginx may read."""
    with PlaneProcess(tmp_path / "plane", port=free_port(), options=_OPTIONS) as plane:
        yield ImageService(plane)


@pytest.fixture
def front(tmp_path: Path, service: ImageService) -> Iterator[NginxServer]:
    plane = service.plane
    lines = _FRONT.format(port=plane.port, images=plane.state_dir / "images")

    def made(home: Path) -> NginxServer:
        return NginxServer(home, more=lines)

    with running(made, tmp_path / "nginx", NginxUnavailableError) as server:
        yield server


def _ask(
    front: NginxServer, method: str, path: str, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", front.port, timeout=60)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def test_it_sends_what_the_service_lets_it_send(service: ImageService, front: NginxServer) -> None:
    image = service.new()
    assert service.put(image, _DATA)[0] == 204
    path = f"/image/v2/images/{image}/file"
    status, headers, data = _ask(front, "GET", path)
    assert (status, data) == (200, _DATA)
    assert headers["content-type"] == "application/octet-stream"
    assert headers["content-md5"] == hashlib.md5(_DATA).hexdigest()
    assert "x-accel-redirect" not in headers
    status, headers, data = _ask(front, "GET", path, Range="bytes=9-1000")
    assert (status, data) == (206, _DATA[9:1001])
    status, headers, data = _ask(front, "HEAD", path)
    assert (status, headers["content-length"], data) == (200, str(len(_DATA)), b"")
    url = service.document("POST", f"images/{image}/tickets")["url"]
    ticket = url[url.index("/image/") :]
    assert _ask(front, "GET", ticket)[2] == _DATA
    assert _ask(front, "GET", ticket[:-4])[0] == 401
    (file,) = service.kept()
    assert _ask(front, "GET", f"/image-data/{file.name}")[0] == 404
    assert service.ask("GET", f"images/{image}/file")[2] == b"", "nginx was to send it"
    service.document("POST", f"images/{image}/actions/deactivate")
    assert _ask(front, "GET", ticket)[0] == 403
    file.unlink()
    service.document("POST", f"images/{image}/actions/reactivate")
    assert _ask(front, "GET", path)[0] == 503
