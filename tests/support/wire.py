"""HTTP as bytes on a socket, for requests that no honest client sends, and what errors are like."""

import json
import socket
from dataclasses import dataclass, field

_READ_SECONDS = 15.0


@dataclass
class Answer:
    """A response; `status` is None where the server hung up without one."""

    status: int | None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def ours(self) -> bool:
        """Whether the application answered, rather than the HTTP server before it."""
        return "openstack-request-id" in self.headers


def send(port: int, request: bytes) -> Answer:
    """What a server on loopback answers to these bytes; nothing follows them."""
    return parse(receive(port, request))


def receive(port: int, requests: bytes) -> bytes:
    """All that a server on loopback sends back for these bytes, until it hangs up.

    :raises TimeoutError: it does neither.
    """
    received = bytearray()
    with socket.create_connection(("127.0.0.1", port), timeout=_READ_SECONDS) as connection:
        try:
            connection.sendall(requests)
            connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65536):
                received += chunk
                if _is_stream(received):
                    break
        except OSError as error:
            # It may hang up on us in mid-sentence; what it said before counts.
            if isinstance(error, TimeoutError):
                raise
    return bytes(received)


def _is_stream(received: bytearray) -> bool:
    return b"text/event-stream" in received[:2048] and b"\r\n\r\n" in received


def parse(received: bytes) -> Answer:
    """The first final response in what was received."""
    head, _, body = received.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 100"):
        return parse(body)
    if not head.startswith(b"HTTP/"):
        return Answer(None, {}, received)
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines)
    }
    length = headers.get("content-length")
    return Answer(int(first.split()[1]), headers, body[: int(length)] if length else body)


def fault(body: bytes) -> str:
    """The sentence in an error's envelope, a JSON document within a JSON string.

    :raises AssertionError: the body is no such envelope, or says nothing.
    """
    outer = json.loads(body)
    assert set(outer) == {"error_message"}, outer
    inner = json.loads(outer["error_message"])
    assert set(inner) == {"faultcode", "faultstring", "debuginfo"}, inner
    assert inner["faultcode"] in ("Client", "Server"), inner
    assert isinstance(inner["faultstring"], str), inner
    assert inner["faultstring"].strip(), inner
    return str(inner["faultstring"])
