"""Bodies that come in pieces: whole, broken off, and left unread."""

import io
from typing import Any

import pytest

from baremetal.api.upload import Upload
from baremetal.domain.errors import InvalidInput


def _upload(data: bytes, **environ: Any) -> Upload:
    return Upload({"wsgi.input": io.BytesIO(data), **environ})


def test_no_more_is_read_than_was_announced() -> None:
    upload = _upload(b"first" + b"GET / HTTP/1.1", CONTENT_LENGTH="5")
    assert (upload.length, b"".join(upload.pieces())) == (5, b"first")
    assert list(upload.pieces()) == []


def test_what_is_long_comes_in_pieces() -> None:
    data = bytes(3 << 20)
    pieces = list(_upload(data, CONTENT_LENGTH=str(len(data))).pieces())
    assert b"".join(pieces) == data
    assert max(map(len, pieces)) <= 1 << 18


def test_a_body_that_ends_too_early_is_an_error_once() -> None:
    upload = _upload(b"abc", CONTENT_LENGTH="5")
    with pytest.raises(InvalidInput, match="2 bytes before"):
        list(upload.pieces())
    upload.drain()


def test_a_length_that_is_no_number_is_said_when_it_is_read() -> None:
    upload = _upload(b"abc", CONTENT_LENGTH="many")
    with pytest.raises(InvalidInput, match="Content-Length"):
        list(upload.pieces())
    upload.drain()


def test_a_server_that_does_not_tell_the_end_of_chunks_is_known() -> None:
    chunks = {"HTTP_TRANSFER_ENCODING": "chunked"}
    assert not _upload(b"", **chunks).tells_its_end
    assert _upload(b"", CONTENT_LENGTH="0").tells_its_end


def test_draining_leaves_nothing_before_the_next_request() -> None:
    stream = io.BytesIO(b"left" + b"next")
    Upload({"wsgi.input": stream, "CONTENT_LENGTH": "4"}).drain()
    assert stream.read() == b"next"
