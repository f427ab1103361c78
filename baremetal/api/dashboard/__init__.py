"""The page to look at: static files that hold no data, for anybody.

What the page shows it asks of the API, with the credentials of whoever looks.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

StartResponse = Callable[..., Any]

_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# Where scripts make no markup of text, what a machine says of itself can not become one.
_POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "object-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS: Final = (
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    # Kept, but asked for each time: a new release must not meet scripts of the old one.
    ("Cache-Control", "no-cache"),
)


class _File:
    def __init__(self, path: Path) -> None:
        self.body = path.read_bytes()
        self.etag = f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'
        self.headers = [
            ("Content-Type", _TYPES[path.suffix]),
            ("Content-Length", str(len(self.body))),
        ]


class Dashboard:
    """A WSGI application for what lies below ``/dashboard``; `baremetal.path` is the path."""

    def __init__(self, folder: Path = Path(__file__).parent) -> None:
        """Read all files once."""
        self._files = {p.name: _File(p) for p in folder.iterdir() if p.suffix in _TYPES}

    def __call__(self, environ: Mapping[str, Any], start: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path = environ["baremetal.path"].removeprefix("/dashboard")
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return _empty(start, "405 Method Not Allowed", ("Allow", "GET, HEAD"))
        if not path:
            # Relative, so that it holds wherever a proxy puts us.
            return _empty(start, "308 Permanent Redirect", ("Location", "dashboard/"))
        file = self._files.get(path[1:] or "index.html")
        if file is None:
            return _empty(start, "404 Not Found")
        tag = ("ETag", file.etag)
        if _has(environ.get("HTTP_IF_NONE_MATCH", ""), file.etag):
            start("304 Not Modified", [tag, *_HEADERS])
            return []
        start("200 OK", [*file.headers, tag, *_HEADERS])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [file.body]


def _has(known: str, etag: str) -> bool:
    """Whether ``If-None-Match`` names the tag; proxies that compress make it a weak one."""
    return etag in (tag.strip().removeprefix("W/") for tag in known.split(","))


def _empty(start: StartResponse, status: str, *headers: tuple[str, str]) -> Iterable[bytes]:
    start(status, [*headers, ("Content-Length", "0"), *_HEADERS])
    return []
