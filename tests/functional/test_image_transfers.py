"""Many who read or write images slowly keep nobody else waiting."""

import http.client
from collections.abc import Iterator

import pytest

from tests.support.asking import ask, wait_until
from tests.support.images import ImageService
from tests.support.plane import PlaneProcess

pytestmark = pytest.mark.slow

_MOST = 6
_OPTIONS = f"[api]\nthreads = 2\nmax_streams = 0\nmax_transfers = {_MOST}\n"
#: More than sockets hold.
_SIZE = 32 << 20


@pytest.fixture
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImageService]:
    """Of a plane with fewer threads than slow readers."""
    with PlaneProcess(tmp_path_factory.mktemp("slow"), options=_OPTIONS) as running:
        yield ImageService(running)


def _reader(service: ImageService, path: str) -> http.client.HTTPConnection:
    """A connection on which a download has begun that nobody goes on to read."""
    connection = http.client.HTTPConnection("127.0.0.1", service.plane.port, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.read(1)
    return connection


def test_slow_readers_keep_nobody_waiting_and_are_bounded(service: ImageService) -> None:
    image = service.new()
    assert service.put(image, bytes(_SIZE))[0] == 204
    path = f"images/{image}/file"
    readers = [_reader(service, f"/image/v2/{path}") for _ in range(_MOST)]
    assert ask(service.plane, "GET", "nodes")[0] == 200
    status, headers, answer = service.ask("GET", path)
    assert (status, int(headers["retry-after"]) > 0) == (503, True)
    assert b"[api] max_transfers" in answer
    other = service.new()
    assert service.put(other, b"x" * 512)[0] == 503
    assert service.status(other) == "queued"
    for reader in readers:
        assert reader.sock is not None
        reader.sock.close()
        reader.close()
    wait_until(lambda: service.ask("GET", path, Range="bytes=0-0")[0] == 206)
    wait_until(lambda: service.put(other, b"x" * 512)[0] == 204)
