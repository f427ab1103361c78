"""Bodies of requests: read within their cap; JSON; members as data, checked in one place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from baremetal.api.call import Call
from baremetal.api.types.kinds import Kind
from baremetal.domain.errors import BaremetalError, InvalidInput, TooLarge


@dataclass(frozen=True, slots=True)
class Member:
    """One member: `kind` checks its value, `since` is the version that brought it."""

    kind: Kind
    since: int = 1
    mandatory: bool = False
    about: str = ""


#: Deeper JSON is refused: no resource needs it, and it is how parsers are attacked.
MAX_DEPTH = 32
#: How much larger a body may be on the wire, where each of its chunks has a size before it.
_CHUNKING = 8


def read_json(raw: bytes) -> Any:
    """A request's body, parsed.

    :raises InvalidInput: it is no JSON, no valid UTF-8, or too deeply nested.
    """
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"The request body is not valid JSON: {error}") from error
    if is_deeper(document, MAX_DEPTH):
        raise InvalidInput(f"The request body is nested deeper than {MAX_DEPTH} levels.")
    return document


def read_object(raw: bytes) -> dict[str, Any]:
    """A request's body, which must be a JSON object.

    :raises InvalidInput: it is not.
    """
    document = read_json(raw)
    if not isinstance(document, dict):
        raise InvalidInput(f"The request body must be a JSON object, not {_kind(document)}.")
    return document


def is_deeper(document: Any, levels: int) -> bool:
    """Whether a document has objects or arrays within each other beyond so many levels."""
    if isinstance(document, dict):
        return levels == 0 or any(is_deeper(value, levels - 1) for value in document.values())
    if isinstance(document, list):
        return levels == 0 or any(is_deeper(value, levels - 1) for value in document)
    return False


def _kind(document: Any) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(document), "a number")


class Body:
    """A JSON object with known members. `optional` bodies may be left out altogether."""

    def __init__(self, members: Mapping[str, Member], *, optional: bool = False) -> None:
        """Take these members and no others."""
        self.members = members
        self.optional = optional

    def read(self, call: Call) -> dict[str, Any]:
        """The members that a request gives, canonical; null counts as not given.

        :raises InvalidInput: naming the member and what is wrong with it.
        :raises NotAcceptable: one that is newer than the version.
        """
        given = {} if self.optional and not call.raw.strip() else read_object(call.raw)
        values: dict[str, Any] = {}
        for name, value in given.items():
            member = self.members.get(name)
            if member is None:
                raise InvalidInput(
                    f"Unknown field '{name[:80]}' in the body. "
                    f"Known fields: {', '.join(self.members) or 'none'}."
                )
            if call.version < member.since:
                call.need(member.since, f"Field {name}")
            if value is not None:
                values[name] = _checked(member, name, value)
        for name, member in self.members.items():
            if member.mandatory and name not in values:
                raise InvalidInput(f"Missing mandatory parameter: {name}")
        return values


def _checked(member: Member, name: str, value: Any) -> Any:
    try:
        return member.kind.check(value)
    except ValueError as error:
        raise InvalidInput(f"Invalid value for '{name}': {error}") from error


def small_body(environ: Mapping[str, Any], most: int) -> bytes | BaremetalError:
    """The request's body, or what is wrong with it, to be said once it is clear who asks."""
    try:
        return _read(environ, most)
    except BaremetalError as error:
        return error


def is_chunked(environ: Mapping[str, Any]) -> bool:
    """Whether the body says its length piece by piece."""
    return "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()


def length_of(environ: Mapping[str, Any]) -> int:
    """How long the body is said to be, bytes.

    :raises InvalidInput: that is no number.
    """
    length = environ.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()):
        raise InvalidInput("Content-Length must be a number of bytes.")
    return int(length[:18])


def _read(environ: Mapping[str, Any], most: int) -> bytes:
    chunked = is_chunked(environ)
    # What is chunked must be read, or the rest would be taken for the next request.
    if environ["REQUEST_METHOD"] in ("GET", "HEAD") and not chunked:
        return b""
    wanted = most + 1 if chunked else length_of(environ)
    if wanted > most and not chunked:
        raise _too_large(most)
    stream = environ["wsgi.input"]
    if hasattr(stream, "maxlen"):
        # Cheroot would read a chunk as a whole, however large it says that it is.
        stream.maxlen = _CHUNKING * most
    try:
        body: bytes = stream.read(wanted)
    except Exception as error:
        # Each server raises errors of its own.
        if "Too Large" in str(error):
            raise _too_large(most) from error
        raise InvalidInput(f"The request body cannot be read: {error}") from error
    if len(body) > most:
        raise _too_large(most)
    if not chunked and len(body) < wanted:
        raise InvalidInput(
            f"The request body ended after {len(body)} of the {wanted} bytes that Content-Length "
            "announces."
        )
    return body


def _too_large(most: int) -> TooLarge:
    return TooLarge(
        f"The request body is larger than {most} bytes, the most that this service takes "
        "([api] max_body_kib)."
    )
