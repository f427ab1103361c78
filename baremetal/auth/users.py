"""The file of users, in the format of ``htpasswd -B``: a line ``name:bcrypt hash`` for each."""

import fcntl
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import bcrypt

from baremetal.domain.errors import Conflict, InvalidInput, NotFound

#: What bcrypt takes into account of a password, bytes.
BCRYPT_LIMIT = 72

_NAME = re.compile(r"[^\s:#][^\s:]{0,254}")


class UserFile:
    """Reads and changes one file; lines that are no users stay as they are."""

    def __init__(self, path: Path) -> None:
        """Use the file at `path`, which need not exist yet."""
        self._path = path

    @property
    def changed(self) -> tuple[int, int]:
        """What is another after each change of the file; zeros where there is none."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return 0, 0
        return found.st_mtime_ns, found.st_ino

    def digests(self) -> dict[str, bytes]:
        """The bcrypt hash of each user's password, by name."""
        users = (_user(line) for line in self._lines())
        return {name: digest.encode() for name, digest in users if digest}

    def put(self, name: str, password: str) -> bool:
        """Add a user, or change their password; whether they are new.

        :raises InvalidInput: a name or a password that HTTP basic authentication cannot carry.
        """
        _check(name, password)
        digest = bcrypt.hashpw(password.encode(), bcrypt.gensalt()).decode()
        new = [True]

        def change(lines: list[str]) -> list[str]:
            kept = [line for line in lines if _user(line)[0] != name]
            new[0] = len(kept) == len(lines)
            return [*kept, f"{name}:{digest}"]

        self._rewrite(change)
        return new[0]

    def remove(self, name: str) -> None:
        """Remove a user.

        :raises NotFound: there is none of that name.
        :raises Conflict: nobody could come in any more.
        """

        def change(lines: list[str]) -> list[str]:
            kept = [line for line in lines if _user(line)[0] != name]
            if len(kept) == len(lines):
                raise NotFound("User", name)
            if not any(_user(line)[1] for line in kept):
                raise Conflict(f"{name} is the last user; add another one first.")
            return kept

        self._rewrite(change)

    def _lines(self) -> list[str]:
        try:
            return self._path.read_text().splitlines()
        except FileNotFoundError:
            return []

    def _rewrite(self, change: Callable[[list[str]], list[str]]) -> None:
        with _alone_in(self._path.parent):
            text = "".join(f"{line}\n" for line in change(self._lines()))
            draft = self._path.with_name(f"{self._path.name}.new")
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            with os.fdopen(os.open(draft, flags, 0o600), "w") as out:
                out.write(text)
            draft.replace(self._path)


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """Let no other process change users at the same time."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _user(line: str) -> tuple[str, str]:
    """(name, hash) of a line; both empty where it is a comment or nothing."""
    name, _, digest = line.strip().partition(":")
    return ("", "") if name.startswith("#") or not digest else (name, digest)


def _check(name: str, password: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"'{name}' can not be a user's name: 1 to 255 characters without white space and "
            "colons, not beginning with '#'."
        )
    if not password or "\x00" in password:
        raise InvalidInput("A password needs at least one character, and none may be NUL.")
    if len(password.encode()) > BCRYPT_LIMIT:
        raise InvalidInput(f"A password has at most {BCRYPT_LIMIT} bytes; bcrypt ignores the rest.")
