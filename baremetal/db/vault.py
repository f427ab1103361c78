"""Encryption of secrets at rest.

The key file holds one Fernet key per line, the newest first: what is written is
encrypted with the first, what is read may be encrypted with any. So a key is
rotated by putting a new one on top, re-encrypting all, and dropping the old one.
Format of a token: https://github.com/fernet/spec
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from baremetal.domain.errors import Unavailable


class Vault:
    """Encrypts and decrypts the secrets of a row."""

    def __init__(self, keys: list[bytes]) -> None:
        """Use `keys`, the newest first."""
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    @classmethod
    def open(cls, path: Path) -> "Vault":
        """The vault of a key file, which is made (mode 0600) where there is none."""
        if not path.exists():
            write_keys(path, [Fernet.generate_key()])
        return cls(read_keys(path))

    def seal(self, secrets: Mapping[str, Any]) -> str | None:
        """The secrets as one opaque token; None where there are none."""
        if not any(secrets.values()):
            return None
        return self._fernet.encrypt(orjson.dumps(secrets)).decode()

    def unseal(self, token: str | None) -> dict[str, Any]:
        """The secrets in a token.

        :raises Unavailable: it was sealed with a key that is not in the key file.
        """
        if token is None:
            return {}
        try:
            found: dict[str, Any] = orjson.loads(self._fernet.decrypt(token.encode()))
        except InvalidToken as error:
            raise Unavailable(
                "A secret in the database was encrypted with a key that is not in the key file. "
                "Put that key back as a further line of the file."
            ) from error
        return found

    def rotate(self, token: str) -> str:
        """The same secrets, sealed with the newest key."""
        return self._fernet.rotate(token.encode()).decode()


def read_keys(path: Path) -> list[bytes]:
    """The keys in a key file, the newest first."""
    return [line.strip().encode() for line in path.read_text().splitlines() if line.strip()]


def write_keys(path: Path, keys: list[bytes]) -> None:
    """Replace the key file as a whole, readable by its owner alone."""
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.writelines(key.decode() + "\n" for key in keys)
    draft.replace(path)
