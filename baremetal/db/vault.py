"""Encryption of secrets at rest.

The key file holds one Fernet key per line, the newest first: what is written is
encrypted with the first, what is read may be encrypted with any. So a key is
rotated by putting a new one on top, re-encrypting all, and dropping the old one.
Format of a token: https://github.com/fernet/spec
"""

import hmac
import os
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from baremetal.domain.errors import Unavailable

_NEVER = (0, 0)
_WRONG_KEY = (
    "A secret in the database was encrypted with a key that is not in the key file. "
    "Put that key back as a further line of the file."
)


class Vault:
    """Encrypts and decrypts the secrets of a row.

    One that was opened from a file reads it again when it changes, so that a rotation
    of keys needs no restart.
    """

    def __init__(self, keys: list[bytes]) -> None:
        """Use `keys`, the newest first."""
        self._keys = keys
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._path: Path | None = None
        self._seen = _NEVER

    @classmethod
    def open(cls, path: Path, *, make: bool = True) -> "Vault":
        """The vault of a key file, which is made (mode 0600) where there is none.

        :raises Unavailable: the file holds no key, or something else; or it is missing and not
            to be made.
        """
        if not path.exists():
            if not make:
                raise Unavailable(
                    f"There is no key file at {path}. All services of a plane share one: copy it "
                    "from another one, or make the first: baremetal-manage secrets init."
                )
            write_keys(path, [Fernet.generate_key()])
        seen = _seen(path)
        vault = cls(read_keys(path))
        vault._path, vault._seen = path, seen
        return vault

    def seal(self, secrets: Mapping[str, Any]) -> str | None:
        """The secrets as one opaque token; None where there are none."""
        if not any(secrets.values()):
            return None
        return self._newest().encrypt(orjson.dumps(secrets)).decode()

    def unseal(self, token: str | None) -> dict[str, Any]:
        """The secrets in a token.

        :raises Unavailable: it was sealed with a key that is not in the key file.
        """
        if token is None:
            return {}
        try:
            found: dict[str, Any] = orjson.loads(self._newest().decrypt(token.encode()))
        except InvalidToken as error:
            raise Unavailable(_WRONG_KEY) from error
        return found

    def opens(self, token: str) -> bool:
        """Whether one of the keys was used for the token."""
        try:
            self._newest().decrypt(token.encode())
        except InvalidToken:
            return False
        return True

    def rotate(self, token: str) -> str:
        """The same secrets, sealed with the newest key.

        :raises Unavailable: they were sealed with a key that is not in the key file.
        """
        try:
            return self._newest().rotate(token.encode()).decode()
        except InvalidToken as error:
            raise Unavailable(_WRONG_KEY) from error

    def derived(self, purpose: str) -> list[bytes]:
        """A secret of 32 bytes for another purpose, made of each key, the newest first.

        Whoever knows one knows neither the key nor what another purpose has.
        """
        self._newest()
        words = f"baremetal: {purpose}".encode()
        return [hmac.digest(urlsafe_b64decode(key), words, "sha256") for key in self._keys]

    def _newest(self) -> MultiFernet:
        if self._path is not None and (seen := _seen(self._path)) not in (self._seen, _NEVER):
            self._keys = read_keys(self._path)
            self._fernet = MultiFernet([Fernet(key) for key in self._keys])
            self._seen = seen
        return self._fernet


def _seen(path: Path) -> tuple[int, int]:
    """What changes when the file does; a file that is gone for a moment changes nothing."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return _NEVER
    return found.st_mtime_ns, found.st_ino


def read_keys(path: Path) -> list[bytes]:
    """The keys in a key file, the newest first.

    :raises Unavailable: it holds no key, or a line that is none.
    """
    keys = [line.strip().encode() for line in path.read_text().splitlines() if line.strip()]
    try:
        MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:
        raise Unavailable(
            f"The key file {path} is not one Fernet key per line ({error}). "
            "Put its backup in its place; without its keys no secret can be read again."
        ) from error
    return keys


def write_keys(path: Path, keys: list[bytes]) -> None:
    """Replace the key file as a whole, readable by its owner alone."""
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.writelines(key.decode() + "\n" for key in keys)
        out.flush()
        # A key that is lost with the power takes every secret with it.
        os.fsync(out.fileno())
    draft.replace(path)
