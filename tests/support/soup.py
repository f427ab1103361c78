"""Strategies for everything that should never be sent, and is."""

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from baremetal.api.types.base import Type, fields_of

UUID = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123"

#: Letters that mean something to somebody: JSON pointer, SQL, URLs, terminals, UTF-16.
TRICKY = (
    "",
    "-",
    "0",
    "-1",
    "01",
    "18446744073709551616",
    "~",
    "~0~1",
    "~2",
    "..",
    "%",
    "%00",
    "\x00",
    "\x7f\x1b[2J",
    "é",
    "\u202e",
    "\U0001f916",
    "'; DROP TABLE nodes; --",
    "null",
    "true",
    "******",
    "\ud800",
    "x" * 300,
    "a b",
    "a\n",
    UUID,
    UUID.upper(),
    UUID + "\n",
    UUID.replace("-", ""),
    "{" + UUID + "}",
)

words = st.sampled_from(TRICKY) | st.text(max_size=12)
numbers = (
    st.integers()
    | st.sampled_from([2**31, 2**63 - 1, 2**63, 2**64, 10**400, -(2**63) - 1])
    | st.floats(allow_nan=True, allow_infinity=True)
)
scalars = st.none() | st.booleans() | numbers | words


def _deep(levels: int) -> Any:
    document: Any = "bottom"
    for level in range(levels):
        document = [document] if level % 2 else {"a": document}
    return document


values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=8,
) | st.sampled_from([5, 31, 32, 33, 200]).map(_deep)


def _pointer(segments: Iterable[str]) -> str:
    return "/" + "/".join(segments)


def patches(cls: type[Type]) -> st.SearchStrategy[Any]:
    """JSON patches for a resource: some would be right, most are not."""
    names = list(fields_of(cls))
    known = {"extra", "properties", "instance_info", "driver_info", "network_data"}
    inside = st.sampled_from(sorted(known.intersection(names)))
    below = st.lists(st.sampled_from(["list", "map", "text", "0", "1", "-"]) | words, max_size=4)
    free = st.tuples(inside, below).map(lambda parts: _pointer([parts[0], *parts[1]]))
    paths = (
        free
        | st.sampled_from(names).map(lambda name: f"/{name}")
        | st.tuples(st.sampled_from(names), below).map(lambda p: _pointer([p[0], *p[1]]))
        | words
        | scalars
    )
    ops = st.sampled_from(["add", "add", "replace", "remove"])
    right = st.fixed_dictionaries({"op": ops, "path": free, "value": values})
    wrong = st.fixed_dictionaries({"op": ops, "path": paths, "value": values})
    odd = st.fixed_dictionaries(
        {},
        optional={
            "op": st.sampled_from(["test", "move", "copy", "ADD", ""]) | scalars,
            "path": paths,
            "value": values,
            "from": paths,
            "": values,
        },
    )
    return (
        st.lists(right, min_size=1, max_size=1)
        | st.lists(right, min_size=2, max_size=4)
        | st.lists(right | wrong, min_size=1, max_size=3)
        | st.lists(wrong | odd | values, min_size=1, max_size=3)
        | values
    )


def spoilt(document: Any) -> st.SearchStrategy[bytes]:
    """A document as bytes that may not be JSON any more."""
    text = json.dumps(document)
    whole = text.encode()
    return st.one_of(
        st.just(whole),
        st.just(json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")),
        st.integers(0, len(whole)).map(lambda end: whole[:end]),
        st.binary(min_size=1, max_size=8).map(lambda noise: whole[:-1] + noise + whole[-1:]),
        st.sampled_from([whole + b",", b"\xef\xbb\xbf" + whole, text.encode("utf-16")]),
    )


_MEMBERS = """
    target timeout configdrive clean_steps deploy_steps service_steps rescue_password reason enabled
    boot_device persistent traits driver name uuid address node_uuid description extra properties
    instance_uuid resource_class candidate_nodes callback_url agent_token progress plan_protocol
"""
_members = st.sampled_from(_MEMBERS.split()) | words

#: Bodies that are no documents at all, and some that are.
bodies = (
    st.sampled_from(
        [
            b"",
            b" ",
            b"{",
            b"[]",
            b"[" * 100000,
            b'{"a":' * 2000 + b"1" + b"}" * 2000,
            b"[" * 1000 + b"]" * 1000,
            b'"\xff\xfe"',
            b'"\\ud800"',
            b'{"name": "\\u0000"}',
            b'{"driver": 1e999}',
            b'{"driver": "a", "driver": "b"}',
            b"NaN",
            b"-Infinity",
            b"9" * 5000,
            b"\x00",
            b"target=manage",
            b"<xml/>",
        ]
    )
    | st.binary(max_size=40)
    | values.flatmap(spoilt)
    | st.dictionaries(_members, values, max_size=3).map(lambda found: json.dumps(found).encode())
)

_NAMES = """
    limit marker sort_key sort_dir fields detail provision_state maintenance associated driver node
    address since type shard description_contains conductor owner state project node_uuid
"""


def query(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and values as a URL has them, whatever they are."""
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs)


def _quoted(text: str) -> str:
    return quote(text, errors="surrogatepass")


queries = st.lists(
    st.tuples(
        st.sampled_from(_NAMES.split()) | words,
        words | st.sampled_from(["1", "true", "asc", "id", "uuid,name", "enroll", "99999999999"]),
    ),
    max_size=3,
).map(query)


_PERCENT = rb"% %zz %f %00 %ff %c0%af %2F %252F ;x=1 // /../.. /./ * \\ %u0041"
_QUESTIONS = rb"? ?limit ?limit=1&limit=2 ?%ff=1 ?a=%ff ?=&&==& ?limit=%00 ?fields=,,, ?marker=+"

#: Parts of URLs as they are on the wire: percent signs that mean nothing, bytes that are no text.
crooked = st.sampled_from(
    [
        *_PERCENT.split(),
        *_QUESTIONS.split(),
        b"\xff",
        b"?fields=" + b"name," * 3000,
        b"x" * 9000,
    ]
)

_VERSIONS = "1.1 1.10 1.58 1.91 1.9999999999 2.0 1.-1 1. .5 1.5.5 one 0.0 1e1 1.\u0665 latest"
versions = st.sampled_from(["1.90"] * 30 + ["", "  1.5  ", *_VERSIONS.split()])

# For requests as bytes.

methods = st.sampled_from(
    b"GET POST PUT PATCH DELETE HEAD OPTIONS TRACE CONNECT BREW get G,T".split()
)
paths = st.sampled_from(
    [
        b"",
        b"/",
        b"*",
        b"x",
        b"http://x/",
        b"/baremetal",
        b"/baremetal/v1/nodes",
        b"/baremetal/v1/nodes/still",
        b"/baremetal/v1/nodes/still/states/provision",
        b"/baremetal/v1/events/stream",
    ]
)
headers = st.lists(
    st.sampled_from(
        [
            *(b"Content-Length: " + n for n in b"0 2 3 -1 +2 2,2 x 99999999999999999999".split()),
            b"Content-Length: 2\r\nContent-Length: 3",
            b"Transfer-Encoding: chunked",
            b"Transfer-Encoding: gzip, chunked",
            b"Transfer-Encoding: nonsense",
            b"Expect: 100-continue",
            b"Host: a b",
            b"Host:",
            b"Host: x\r\nHost: y",
            b"Accept: text/plain",
            b"Content-Type: application/x-www-form-urlencoded",
            b"Content-Type: \xff",
            b"Authorization: Basic \xe9",
            b"Last-Event-ID: -1",
            b"X-OpenStack-Ironic-API-Version: 1.90",
            b"X-OpenStack-Ironic-API-Version: \xd9\xa1",
            b"OpenStack-API-Version: baremetal 1.90",
            b"no colon",
            b": no name",
            b" folded",
            b"X-Long: " + b"x" * 70000,
        ]
    ),
    max_size=3,
)
sent = st.sampled_from(
    [
        b"",
        b"{}",
        b'{"target":"x"}',
        b"2\r\n{}\r\n0\r\n\r\n",
        b"2\r\n{}",
        b"zz\r\n{}\r\n0\r\n\r\n",
        b"FFFFFFFFFFFFFFFF\r\n{}\r\n",
        b"2;x=y\r\n{}\r\n0\r\nTrailer: x\r\n\r\n",
        b"\x00" * 64,
    ]
)
