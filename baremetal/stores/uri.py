"""The logical address of a data object: ``s3://bucket/key``, ``file:///srv/a``, ``tree://...``."""

import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from baremetal.domain.errors import InvalidInput
from baremetal.domain.secrets import MASK

_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]*)://(.*)$", re.IGNORECASE | re.DOTALL)
#: Their paths are kept as they were written: a server may tell ``%2F`` from ``/``.
_VERBATIM = frozenset({"http", "https"})
_SAFE = "/:@!$&'()*+,;=~-._"


@dataclass(frozen=True, slots=True)
class Uri:
    """Where an object is, taken apart.

    ``str()`` and ``repr()`` show no password, and of a query, which may be a signature, only
    that there is one.
    """

    scheme: str
    #: Host and port, bucket, container or pool; never user and password.
    authority: str = ""
    #: Decoded, with its leading ``/``; as written for HTTP.
    path: str = ""
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    query: str = field(default="", repr=False)

    @classmethod
    def parse(cls, text: str) -> "Uri":
        """The parts of `text`; a path without a scheme is a local file.

        :raises InvalidInput: it is no address.
        """
        if "\0" in text or not text:
            raise InvalidInput("An address is empty, or has a zero byte in it.")
        match = _SCHEME.match(text)
        if match is None:
            return cls("file", "", text if text.startswith("/") else f"./{text}")
        scheme, rest = match.group(1).lower(), match.group(2)
        query = ""
        if scheme in _VERBATIM:
            rest = rest.partition("#")[0]
            rest, _, query = rest.partition("?")
        place, slash, path = rest.partition("/")
        who, at, authority = place.rpartition("@")
        user, colon, password = who.partition(":")
        if scheme not in ("file", "tree") and not authority:
            raise InvalidInput(
                f"An address of kind {scheme} begins with {scheme}:// and a host, bucket, "
                f"container or pool, such as {scheme}://place/name."
            )
        path = slash + (path if scheme in _VERBATIM else unquote(path))
        return cls(
            scheme,
            authority,
            path,
            unquote(user) if at else None,
            unquote(password) if colon else None,
            query,
        )

    @property
    def host(self) -> str:
        """The authority without its port."""
        return self.authority.rpartition(":")[0] if self._port else self.authority

    @property
    def port(self) -> int | None:
        """The port that was named."""
        return int(self._port) if self._port else None

    @property
    def _port(self) -> str:
        found = re.search(r":([0-9]{1,5})$", self.authority)
        return found.group(1) if found else ""

    def __str__(self) -> str:
        who = ""
        if self.user is not None:
            who = quote(self.user) + (f":{MASK}@" if self.password else "@")
        path = self.path if self.scheme in _VERBATIM else quote(self.path, _SAFE)
        return f"{self.scheme}://{who}{self.authority}{path}{'?...' if self.query else ''}"
