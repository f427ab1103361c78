"""Requests that break off, lie about their length, or grow by and by: each once, by name."""

import base64
import json
from collections.abc import Iterator

import pytest

from tests.support import wire
from tests.support.asking import ask, asked, fault
from tests.support.plane import PlaneProcess


@pytest.fixture
def node(plane: PlaneProcess) -> Iterator[str]:
    uuid = asked(plane, "POST", "nodes", {"driver": "fake-hardware", "extra": {}})["uuid"]
    yield uuid
    asked(plane, "DELETE", f"nodes/{uuid}")


def _patch(plane: PlaneProcess, node: str, headers: bytes, body: bytes) -> wire.Answer:
    return wire.send(
        plane.port,
        b"PATCH /baremetal/v1/nodes/%s HTTP/1.1\r\nHost: here\r\nConnection: close\r\n"
        b"X-OpenStack-Ironic-API-Version: 1.90\r\n%s\r\n\r\n%s" % (node.encode(), headers, body),
    )


_GOOD = b'[{"op": "add", "path": "/extra/a", "value": 1}]'


@pytest.mark.parametrize(
    ("headers", "body", "status", "said"),
    [
        (b"Content-Length: 500", _GOOD, 400, "ended after 47 of the 500 bytes"),
        (b"Content-Length: 9999999999", _GOOD, 413, "larger than 1048576 bytes"),
        (b"Content-Length: " + b"9" * 4000, _GOOD, 413, "larger than 1048576 bytes"),
        (b"Transfer-Encoding: chunked", b"zz\r\n" + _GOOD, 400, "cannot be read"),
        (b"Transfer-Encoding: chunked", b"2f\r\n" + _GOOD, 400, "cannot be read"),
        (b"Transfer-Encoding: chunked", b"FFFFFFFFFFFF\r\n" + _GOOD, 413, "larger than"),
        (
            b"Transfer-Encoding: chunked",
            b"100001\r\n" + b" " * 0x100001 + b"\r\n0\r\n\r\n",
            413,
            "larger than 1048576 bytes",
        ),
    ],
    ids=["short", "long", "absurd", "no chunk", "no last chunk", "endless chunk", "large chunk"],
)
def test_a_body_that_is_not_whole_changes_nothing(
    plane: PlaneProcess, node: str, headers: bytes, body: bytes, status: int, said: str
) -> None:
    answer = _patch(plane, node, headers, body)
    assert answer.status == status
    assert said in wire.fault(answer.body)
    assert asked(plane, "GET", f"nodes/{node}")["extra"] == {}


def test_a_body_in_chunks_is_taken(plane: PlaneProcess, node: str) -> None:
    chunks = b"10\r\n%s\r\n1f;note=x\r\n%s\r\n0\r\n\r\n" % (_GOOD[:16], _GOOD[16:])
    assert _patch(plane, node, b"Transfer-Encoding: chunked", chunks).status == 200
    assert asked(plane, "GET", f"nodes/{node}")["extra"] == {"a": 1}


def test_the_body_of_a_get_is_not_taken_for_the_next_request(plane: PlaneProcess) -> None:
    first = b"GET /baremetal/ HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"
    hidden = b"GET /baremetal/v1/nodes/hidden HTTP/1.1\r\nHost: here\r\n\r\n"
    last = b"GET /baremetal/v1 HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(hidden), hidden)
    answers = wire.receive(plane.port, first + chunk + last)
    assert answers.count(b"HTTP/1.1 200") == 2
    assert b"hidden" not in answers


def test_patches_cannot_nest_a_field_without_end(plane: PlaneProcess, node: str) -> None:
    value: object = "bottom"
    for _ in range(20):
        value = {"a": value}
    first = [{"op": "add", "path": "/extra/a", "value": value}]
    assert ask(plane, "PATCH", f"nodes/{node}", first)[0] == 200
    second = [{"op": "add", "path": "/extra" + "/a" * 20, "value": value}]
    status, body = ask(plane, "PATCH", f"nodes/{node}", second)
    assert status == 400
    assert "/extra is nested deeper than 32 levels" in fault(body)
    assert asked(plane, "GET", f"nodes/{node}")["extra"] == {"a": value}


@pytest.mark.parametrize("name", [".", "..", "a b", "a\n", "detail", "é", "x" * 256, "0" * 32])
def test_a_node_is_not_called_what_no_path_can_say(plane: PlaneProcess, name: str) -> None:
    status, body = ask(plane, "POST", "nodes", {"driver": "fake-hardware", "name": name})
    assert status == 400
    assert "name" in fault(body)


@pytest.mark.parametrize("port", ["9" * 5000, "٣", "²", "0", "65536", "+1", " 1", 1.5, [623], True])
def test_a_port_is_a_number_from_1_to_65535(plane: PlaneProcess, port: object) -> None:
    body = {"driver": "ipmi", "driver_info": {"ipmi_port": port}}
    status, answer = ask(plane, "POST", "nodes", body)
    assert status == 400
    assert "driver_info/ipmi_port must be a port from 1 to 65535" in fault(answer)


@pytest.mark.parametrize(
    "header",
    [
        b"Basic",
        b"Basic \xe9",
        b"Basic ====",
        b"Basic " + base64.b64encode(b"\xff:\xff"),
        b"Basic " + base64.b64encode(b"nocolon"),
        b"Basic " + base64.b64encode(b"admin:\x00"),
        b"Basic " + base64.b64encode(b"admin:" + b"x" * 5000),
        b"Bearer x",
        b"\xff",
    ],
)
def test_credentials_that_are_none_are_refused(guarded_plane: PlaneProcess, header: bytes) -> None:
    request = b"GET /baremetal/v1/nodes HTTP/1.1\r\nHost: here\r\nConnection: close\r\n"
    answer = wire.send(guarded_plane.port, request + b"Authorization: " + header + b"\r\n\r\n")
    assert answer.status == 401
    assert wire.fault(answer.body)
    assert answer.headers["www-authenticate"].startswith("Basic")


def test_an_error_is_a_document_within_a_document(plane: PlaneProcess) -> None:
    status, body = ask(plane, "GET", "nodes/nobody")
    assert status == 404
    assert json.loads(body["error_message"]) == {
        "faultcode": "Client",
        "faultstring": "Node nobody could not be found.",
        "debuginfo": None,
    }
