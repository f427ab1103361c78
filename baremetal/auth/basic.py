"""HTTP basic authentication (RFC 7617) against a file that ``htpasswd -B`` writes."""

import base64
import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bcrypt

from baremetal.auth.identity import ANONYMOUS, Identity, administrator
from baremetal.auth.users import BCRYPT_LIMIT, UserFile
from baremetal.domain.errors import Unauthenticated

#: Bcrypt is slow on purpose; proofs that were good lately are remembered, never the passwords.
_REMEMBERED = 1024

_HINT = (
    "Give a user name and password by HTTP basic authentication, for example with "
    "OS_CLIENT_CONFIG_FILE=<state dir>/clouds.yaml and OS_CLOUD=baremetal."
)


class BasicAuth:
    """Checks ``Authorization`` headers against the users of one file."""

    challenge = 'Basic realm="Baremetal API"'

    def __init__(self, path: Path) -> None:
        """Use the users in `path`, which is read again when it changes."""
        self._file = UserFile(path)
        self._key = secrets.token_bytes(32)
        self._good: OrderedDict[bytes, Identity] = OrderedDict()
        self._users: dict[str, bytes] = {}
        self._read = (-1, -1)
        self._lock = threading.Lock()

    def identify(self, environ: Mapping[str, Any]) -> Identity:
        """The caller behind an ``Authorization`` header; ANONYMOUS where there is none.

        :raises Unauthenticated: the credentials are wrong or unreadable.
        """
        header = environ.get("HTTP_AUTHORIZATION")
        if not header:
            return ANONYMOUS
        users = self._reread()
        proof = hmac.digest(self._key, header.encode(), hashlib.sha256)
        known = self._good.get(proof)
        if known is not None:
            return known
        identity = self._check(header, users)
        with self._lock:
            # Whoever was removed while we looked is not remembered.
            if users is self._users:
                self._good[proof] = identity
            while len(self._good) > _REMEMBERED:
                self._good.popitem(last=False)
        return identity

    def _reread(self) -> Mapping[str, bytes]:
        """The users as the file has them now."""
        changed = self._file.changed
        if changed != self._read:
            with self._lock:
                self._users = self._file.digests()
                self._good.clear()
                self._read = changed
        return self._users

    @staticmethod
    def _check(header: str, users: Mapping[str, bytes]) -> Identity:
        scheme, _, encoded = header.partition(" ")
        if scheme.lower() != "basic":
            raise Unauthenticated(f"Only HTTP basic authentication is understood. {_HINT}")
        try:
            name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except ValueError as error:
            raise Unauthenticated(f"The Authorization header is unreadable. {_HINT}") from error
        digest = users.get(name)
        if digest is None or not _matches(password, digest):
            raise Unauthenticated(f"Wrong user name or password. {_HINT}")
        return administrator(name)


def _matches(password: str, digest: bytes) -> bool:
    try:
        return bcrypt.checkpw(password.encode()[:BCRYPT_LIMIT], digest)
    except ValueError:
        return False
