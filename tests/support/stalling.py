"""A web server whose one file comes only as far as a test lets it."""

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PIECE = 1 << 20


class StallingFile:
    """So many MiB, of which those up to `limit` are given at once, the others when it is raised."""

    def __init__(self, size: int) -> None:
        self.size = size * PIECE
        self._block = os.urandom(PIECE)
        self._changed = threading.Condition()
        self._limit = 0
        #: Where answers began, and how many bytes were given, since `forget`.
        self.starts: list[int] = []
        self.given = 0
        self.url = ""

    @property
    def sha512(self) -> str:
        """Of the whole file."""
        found = hashlib.sha512()
        for _ in range(self.size // PIECE):
            found.update(self._block)
        return found.hexdigest()

    def allow(self, more: int) -> None:
        """Let so many MiB more come."""
        with self._changed:
            self._limit += more * PIECE
            self._changed.notify_all()

    def forget(self) -> None:
        """Count anew."""
        with self._changed:
            self.starts, self.given = [], 0

    def pieces(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes of a range, as far as they may come."""
        if end - start > 1:  # else it is asked for its size alone
            with self._changed:
                self.starts.append(start)
        while start < end:
            stop = min(end, start - start % PIECE + PIECE)
            with self._changed:
                if not self._changed.wait_for(lambda stop=stop: stop <= self._limit, 120):  # type: ignore[misc]
                    return
                self.given += stop - start
            yield self._block[start % PIECE : start % PIECE + stop - start]
            start = stop


@contextmanager
def stalling(size: int) -> Iterator[StallingFile]:
    """Serve such a file on loopback."""
    file = StallingFile(size)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._head(200, 0, file.size)

        def do_GET(self) -> None:
            start, end, status = 0, file.size, 200
            asked = self.headers.get("Range")
            if asked is not None:
                first, _, last = asked.removeprefix("bytes=").partition("-")
                start, status = int(first), 206
                end = min(int(last) + 1, file.size) if last else file.size
            self._head(status, start, end)
            try:
                for piece in file.pieces(start, end):
                    self.wfile.write(piece)
            except OSError:
                self.close_connection = True

        def _head(self, status: int, start: int, end: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(end - start))
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("ETag", '"one"')
            if status == 206:
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{file.size}")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Be silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        file.url = f"http://127.0.0.1:{server.server_port}/disk.raw"
        try:
            yield file
        finally:
            file.allow(1 << 20)
            server.shutdown()
