"""The data of images over the wire: ranges, chunks, what is interrupted, and memory."""

import http.client
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.asking import wait_until
from tests.support.images import ImageService
from tests.support.plane import PlaneProcess

_DATA = bytes(range(256)) * 4000


@pytest.fixture
def service(plane: PlaneProcess) -> Iterator[ImageService]:
    made = ImageService(plane)
    yield made
    made.clear()


@pytest.fixture
def image(service: ImageService) -> str:
    """An image with data."""
    uuid = service.new()
    assert service.put(uuid, _DATA) == (204, b"")
    return uuid


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=1000-300000", 1000, 300_000),
        ("bytes=1023999-", 1_023_999, 1_023_999),
        ("bytes=-10", 1_023_990, 1_023_999),
        ("bytes=5-99999999", 5, 1_023_999),
    ],
)
def test_a_range_is_answered_with_just_that(
    service: ImageService, image: str, asked: str, first: int, last: int
) -> None:
    status, headers, data = service.ask("GET", f"images/{image}/file", Range=asked)
    assert (status, data) == (206, _DATA[first : last + 1])
    assert headers["content-range"] == f"bytes {first}-{last}/{len(_DATA)}"
    assert headers["content-length"] == str(len(data))


def test_all_of_it_and_what_cannot_be_had(service: ImageService, image: str) -> None:
    status, headers, data = service.ask("GET", f"images/{image}/file")
    assert (status, data, headers["content-type"]) == (200, _DATA, "application/octet-stream")
    assert headers["content-md5"] == service.document("GET", f"images/{image}")["checksum"]
    status, headers, data = service.ask("HEAD", f"images/{image}/file")
    assert (status, headers["content-length"], data) == (200, str(len(_DATA)), b"")
    assert service.ask("GET", f"images/{image}/file", Range="bytes=1024000-")[0] == 416
    for wrong in ("bytes=-", "bytes=9-2-3", "lines=1-2", "bytes=0-1,3-4"):
        assert service.ask("GET", f"images/{image}/file", Range=wrong)[0] == 400
    assert service.ask("GET", f"images/{service.new()}/file")[0] == 204


def test_an_empty_image_is_an_image(service: ImageService) -> None:
    image = service.new()
    assert service.put(image, b"")[0] == 204
    assert service.status(image) == "active"
    assert service.ask("GET", f"images/{image}/file")[2] == b""


@pytest.mark.parametrize("chunked", [False, True])
def test_an_upload_whose_sender_goes_away_leaves_nothing(
    service: ImageService, *, chunked: bool
) -> None:
    image = service.new()
    length = "Transfer-Encoding: chunked" if chunked else "Content-Length: 5000000"
    head = (
        f"PUT /image/v2/images/{image}/file HTTP/1.1\r\nHost: x\r\n{length}\r\n"
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    piece = os.urandom(100_000)
    with socket.create_connection(("127.0.0.1", service.plane.port), timeout=60) as connection:
        connection.sendall(head.encode())
        connection.sendall(b"186a0\r\n" + piece + b"\r\n" if chunked else piece)
        wait_until(lambda: service.status(image) == "saving")
    wait_until(lambda: service.status(image) == "queued")
    assert service.kept() == []
    assert service.put(image, b"again")[0] == 204


def test_refused_uploads_are_read_to_their_end_and_the_connection_goes_on(
    service: ImageService, image: str
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", service.plane.port, timeout=60)
    kind = {"Content-Type": "application/octet-stream"}
    connection.request("PUT", f"/image/v2/images/{image}/file", _DATA, kind)
    answer = connection.getresponse()
    assert (answer.status, b"is active" in answer.read()) == (409, True)
    connection.request("GET", f"/image/v2/images/{image}")
    assert connection.getresponse().status == 200
    connection.close()


def test_sizes_that_disagree_and_stores_that_are_not_there(service: ImageService) -> None:
    image = service.new()
    assert service.put(image, b"12345", X_OpenStack_Image_Size="6")[0] == 400
    assert service.put(image, iter([b"123", b"45"]), X_OpenStack_Image_Size="6")[0] == 400
    assert service.put(image, b"12345", X_Image_Meta_Store="attic")[0] == 400
    status, _, answer = service.ask("PUT", f"images/{image}/file", b"x", Content_Type="text/plain")
    assert (status, b"octet-stream" in answer) == (400, True)
    assert service.put(service.new(disk_format=None), b"12345")[0] == 400
    assert service.status(image) == "queued"
    assert service.kept() == []


def test_hostile_images_are_refused(service: ImageService) -> None:
    image = service.new(disk_format="qcow2")
    backed = bytearray(65536)
    backed[:8] = b"QFI\xfb\x00\x00\x00\x03"
    backed[8:16] = (1024).to_bytes(8, "big")
    backed[16:20] = (11).to_bytes(4, "big")
    backed[20:24] = (16).to_bytes(4, "big")
    backed[24:32] = (1 << 30).to_bytes(8, "big")
    backed[1024:1035] = b"/etc/passwd"
    status, answer = service.put(image, bytes(backed))
    assert (status, b"Nothing was kept" in answer) == (400, True)
    assert service.status(image) == "queued"
    assert service.kept() == []


def _memory(plane: PlaneProcess) -> int:
    """The most that the process ever had in memory, KiB."""
    for line in Path(f"/proc/{plane.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise AssertionError("the kernel does not say")


def test_a_large_image_needs_no_more_memory_than_a_small_one(service: ImageService) -> None:
    piece = os.urandom(1 << 20)
    image = service.new()
    assert service.put(image, piece * 4)[0] == 204
    before = _memory(service.plane)

    def pieces() -> Iterator[bytes]:
        for _ in range(256):
            yield piece

    large = service.new()
    assert service.put(large, pieces())[0] == 204
    assert service.document("GET", f"images/{large}")["size"] == 256 << 20
    connection = http.client.HTTPConnection("127.0.0.1", service.plane.port, timeout=60)
    connection.request("GET", f"/image/v2/images/{large}/file")
    answer = connection.getresponse()
    while got := answer.read(1 << 20):
        assert got == piece
    connection.close()
    assert _memory(service.plane) - before < 64 << 10
