"""Images on their way to a file as disk, from a server that breaks off."""

import base64
import gzip
import hashlib
import http.server
import lzma
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from baremetal.agent import config_drive, web
from baremetal.agent.block import MIB, Disk
from baremetal.agent.failure import StepFailed
from baremetal.agent.image import Image, image_of, write_image
from baremetal.agent.partitions import partitions
from tests.unit.agent.test_partitions import FIRST, mbr

PLAIN = random.Random(7).randbytes(MIB) + bytes(2 * MIB) + random.Random(8).randbytes(70_001)


class Server:
    """Serves `files`; each answer ends after `most` bytes, as broken connections do."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.most = 1 << 40
        self.ranges = True
        self.honest = True
        self.asked: list[str | None] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range")
        self.asked.append(wanted)
        body = self.files.get(request.path.lstrip("/"))
        if body is None:
            request.send_error(404)
            return
        start = int(wanted[6:-1]) if wanted and self.ranges else 0
        request.send_response(206 if start else 200)
        request.send_header("Content-Length", str(len(body) - start))
        if start:
            sent = start if self.honest else 0
            request.send_header("Content-Range", f"bytes {sent}-{len(body) - 1}/{len(body)}")
        request.send_header("ETag", f'"{hashlib.md5(body).hexdigest()}"')
        request.end_headers()
        request.wfile.write(body[start : start + self.most])
        request.close_connection = True

    def url(self, name: str, body: bytes) -> str:
        self.files[name] = body
        return f"http://127.0.0.1:{self._server.server_port}/{name}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "disk"
    path.write_bytes(b"\xee" * 8 * MIB)
    return path


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "_FIRST_PAUSE", 0.0)


def padded(plain: bytes) -> bytes:
    """Two streams, with zeros between and after them, as some tools leave them."""
    half = len(plain) // 2
    parts = gzip.compress(plain[:half], 0), gzip.compress(plain[half:])
    return b"".join(part + bytes(MIB) for part in parts)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress, padded])
def test_it_is_written_as_it_is_unpacked_on_the_way(
    server: Server, file: Path, pack: Callable[[bytes], bytes]
) -> None:
    stored = pack(PLAIN)
    image = Image(server.url("image", stored), "sha256", hashlib.sha256(stored).hexdigest())
    with Disk(str(file)) as disk:
        progress = write_image(image, disk)
    assert file.read_bytes()[: len(PLAIN)] == PLAIN
    assert file.read_bytes()[len(PLAIN) :] == b"\xee" * (8 * MIB - len(PLAIN))
    assert progress.read == progress.size == len(stored)
    assert progress.zeroed == 2 * MIB
    assert progress.written + progress.zeroed == len(PLAIN)


def test_zeros_are_left_alone_on_a_blank_disk_only(server: Server, file: Path) -> None:
    with Disk(str(file)) as disk:
        write_image(Image(server.url("image", PLAIN)), disk, blank=True)
    assert file.read_bytes()[MIB : 3 * MIB] == b"\xee" * 2 * MIB


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_connection_is_taken_up_where_it_broke(
    server: Server, file: Path, ranges: bool
) -> None:
    server.ranges = ranges
    stored = gzip.compress(PLAIN, 0)
    server.most = len(stored) // 3 + 1 if ranges else len(stored)
    url = server.url("image", stored)
    with Disk(str(file)) as disk:
        write_image(Image(url, "md5", hashlib.md5(stored).hexdigest()), disk)
    assert file.read_bytes()[: len(PLAIN)] == PLAIN
    assert len(server.asked) == (3 if ranges else 1)


def test_other_bytes_than_were_asked_for_are_refused(server: Server, file: Path) -> None:
    server.most, server.honest = MIB, False
    with Disk(str(file)) as disk, pytest.raises(StepFailed, match="other bytes"):
        write_image(Image(server.url("image", PLAIN)), disk)


def test_one_that_never_comes_is_given_up(server: Server, file: Path) -> None:
    server.most = 0
    with Disk(str(file)) as disk, pytest.raises(StepFailed, match="stuck at byte 0"):
        write_image(Image(server.url("image", PLAIN)), disk)


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        (b"QFI\xfb" + bytes(512), "qcow2"),
        (b"\x28\xb5\x2f\xfd" + bytes(512), "zstd"),
        (gzip.compress(PLAIN)[:-9], "ends before"),
        (gzip.compress(PLAIN)[:-8] + b"x" * 8, "damaged"),
        (bytes(9 * MIB), "does not fit"),
        (b"", "empty"),
    ],
)
def test_what_cannot_be_written_is_told_and_boots_nowhere(
    server: Server, file: Path, stored: bytes, said: str
) -> None:
    with Disk(str(file)) as disk, pytest.raises(StepFailed, match=said):
        write_image(Image(server.url("image", stored)), disk)
    assert file.read_bytes()[:MIB] == bytes(MIB)


def test_other_bytes_than_wanted_boot_nowhere(server: Server, file: Path) -> None:
    image = Image(server.url("image", PLAIN), "sha256", "0" * 64)
    with Disk(str(file)) as disk, pytest.raises(StepFailed, match="its sha256 is"):
        write_image(image, disk)
    assert file.read_bytes()[:MIB] == bytes(MIB)


def test_an_image_is_named_by_the_fields_of_the_trade(server: Server) -> None:
    md5, sha = "0" * 32, "f" * 64
    url = server.url("list", f"{md5}  other\n{sha} *disk.raw\n".encode())
    source = {"image_source": "http://there/disk.raw"}
    wanted = {
        ("md5", md5): {"image_checksum": md5},
        ("sha256", sha): {"image_checksum": sha.upper()},
        ("sha512", sha): {"image_checksum": f"sha512:{sha}"},
        (None, None): {},
    }
    for (algorithm, digest), args in wanted.items():
        assert image_of({**source, **args}) == Image(source["image_source"], algorithm, digest)
    assert image_of({**source, "image_checksum": url}) == image_of(
        {**source, "image_checksum": sha}
    )
    known = {"image_os_hash_algo": "sha512", "image_os_hash_value": sha, "image_checksum": md5}
    assert image_of({**source, **known}).algorithm == "sha512"
    endless = server.url("endless", b"0" * (9 * MIB))
    for bad in (
        {},
        {**source, "image_checksum": endless},
        {**source, "image_checksum": "xyz"},
        {**source, "image_checksum": "crc9:00"},
    ):
        with pytest.raises(StepFailed):
            image_of(bad)


def test_the_config_drive_is_put_behind_the_image(file: Path) -> None:
    iso = bytes(0x8001) + b"CD001" + b"\x07" * 400_000
    field = base64.encodebytes(gzip.compress(iso)).decode()
    with Disk(str(file)) as disk:
        disk.write(0, mbr((0x83, FIRST)))
        place = config_drive.write(disk, config_drive.content_of(field))
        assert partitions(disk) == [FIRST, place]
        assert disk.read(place.start, place.length) == iso.ljust(place.length, b"\x00")


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("%%%", "no gzip in base64"),
        (base64.b64encode(b"plain").decode(), "no gzip in base64"),
        (base64.b64encode(gzip.compress(bytes(40_000))).decode(), "no ISO 9660"),
        (base64.b64encode(gzip.compress(bytes(65 * MIB))).decode(), "larger than 64 MiB"),
        ({"meta_data": {}}, "must be an ISO 9660"),
    ],
)
def test_what_is_no_config_drive_is_told(field: object, said: str) -> None:
    with pytest.raises(StepFailed, match=said):
        config_drive.content_of(field)
