"""The Image API of a plane, asked without any client of ours between."""

import http.client
from pathlib import Path
from typing import Any

import orjson

from tests.support.plane import PlaneProcess

_OCTETS = "application/octet-stream"


def fault(body: bytes) -> str:
    """The sentence of a refusal.

    :raises AssertionError: it is none, or says nothing.
    """
    found = orjson.loads(body)
    assert set(found) == {"message", "code", "title"}, found
    assert found["code"].endswith(found["title"]), found
    assert found["message"].strip(), found
    return str(found["message"])


class ImageService:
    """Requests for paths beneath ``/image/v2``, each over a connection of its own."""

    def __init__(self, plane: PlaneProcess) -> None:
        self.plane = plane

    def ask(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """(status, headers, body) of one request; ``_`` in names of headers is a hyphen."""
        connection = http.client.HTTPConnection("127.0.0.1", self.plane.port, timeout=60)
        try:
            kinds = {name.replace("_", "-"): value for name, value in headers.items()}
            chunked = body is not None and not isinstance(body, bytes | str)
            connection.request(method, f"/image/v2/{path}", body, kinds, encode_chunked=chunked)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def document(self, method: str, path: str, body: Any = None) -> Any:
        """The answer to a request that must succeed."""
        raw = None if body is None else orjson.dumps(body)
        status, _, answer = self.ask(method, path, raw, Content_Type="application/json")
        assert status < 300, answer
        return orjson.loads(answer) if answer else None

    def new(self, **values: Any) -> str:
        """A new image without data."""
        formats = {"disk_format": "raw", "container_format": "bare"}
        return str(self.document("POST", "images", {**formats, **values})["id"])

    def show(self, image: str) -> dict[str, Any]:
        """The image."""
        found: dict[str, Any] = self.document("GET", f"images/{image}")
        return found

    def status(self, image: str) -> str:
        """Of the image."""
        return str(self.show(image)["status"])

    def put(self, image: str, body: Any, *, to: str = "file", **headers: str) -> tuple[int, bytes]:
        """(status, answer) of an upload; chunked, unless the body is bytes."""
        if not isinstance(body, bytes):
            headers["Transfer_Encoding"] = "chunked"
        path = f"images/{image}/{to}"
        status, _, answer = self.ask("PUT", path, body, Content_Type=_OCTETS, **headers)
        return status, answer

    def data(self, image: str) -> bytes:
        """All of its data."""
        return self.ask("GET", f"images/{image}/file")[2]

    def kept(self, folder: str = "images") -> list[Path]:
        """The files in a store."""
        found = (self.plane.state_dir / folder).rglob("*")
        return [path for path in found if path.is_file()]

    def clear(self) -> None:
        """Delete all images; nothing may be left of them."""
        for image in self.document("GET", "images?limit=1000")["images"]:
            self.document("DELETE", f"images/{image['id']}")
        assert self.kept() == []
