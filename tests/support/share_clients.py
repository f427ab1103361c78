"""Clients of shares: real ones, each on a host of its own (devstack.network)."""

import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from baremetal.drivers.interfaces.export import Location, Rule

_SECONDS = 60
_NFS = Path(__file__).with_name("nfs_client.py")


class Refused(Exception):
    """The server does not let the client do that; the message is what it says."""


@dataclass(frozen=True)
class Client(ABC):
    """Somebody who wants to read and write a share.

    :ivar inside: what to put before a command that is to run on its host.
    :ivar name: what rules about it say.
    """

    inside: Sequence[str]
    name: str

    @abstractmethod
    def rule(self, level: str = "rw", ident: str = "") -> Rule:
        """What lets it in."""

    @abstractmethod
    def write(self, location: Location, name: str, data: bytes) -> None:
        """Put a file into the share.

        :raises Refused: it cannot.
        """

    @abstractmethod
    def read(self, location: Location, name: str) -> bytes:
        """What a file holds.

        :raises Refused: it cannot be read.
        """

    def can_read(self, location: Location, name: str) -> bool:
        """Whether it is let in, to a file that is there."""
        try:
            self.read(location, name)
        except Refused:
            return False
        return True

    def can_write(self, location: Location, name: str) -> bool:
        """Whether it may write a file."""
        try:
            self.write(location, name, b"written")
        except Refused:
            return False
        return True

    def _run(self, *words: str, given: bytes = b"") -> bytes:
        done = subprocess.run(
            [*self.inside, *words], input=given, capture_output=True, timeout=_SECONDS, check=False
        )
        # smbclient tells of some failures in its output alone.
        if done.returncode or b"NT_STATUS" in done.stdout + done.stderr:
            raise Refused((done.stdout + done.stderr).decode(errors="replace"))
        return done.stdout


class NfsClient(Client):
    """libnfs in user space, with NFS 4.0."""

    def rule(self, level: str = "rw", ident: str = "") -> Rule:
        return Rule(ident or f"{self.name}-{level}", "ip", self.name, level)

    def write(self, location: Location, name: str, data: bytes) -> None:
        self._run(sys.executable, str(_NFS), "write", location.path, name, given=data)

    def read(self, location: Location, name: str) -> bytes:
        return self._run(sys.executable, str(_NFS), "read", location.path, name)


@dataclass(frozen=True)
class SmbClient(Client):
    """smbclient, as a user with a password; without one, as a guest."""

    password: str = ""

    def rule(self, level: str = "rw", ident: str = "") -> Rule:
        kind = "user" if self.password else "ip"
        return Rule(ident or f"{self.name}-{level}", kind, self.name, level)

    def write(self, location: Location, name: str, data: bytes) -> None:
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            self._do(location, f'put {file.name} "{name}"')

    def read(self, location: Location, name: str) -> bytes:
        with tempfile.NamedTemporaryFile() as file:
            self._do(location, f'get "{name}" {file.name}')
            return Path(file.name).read_bytes()

    def _do(self, location: Location, command: str) -> None:
        with tempfile.NamedTemporaryFile("w") as who:
            who.write(f"username = {self.name}\npassword = {self.password}\n")
            who.flush()
            identity = ["-A", who.name] if self.password else ["-N"]
            share = location.path.replace("\\", "/")
            self._run("smbclient", "-s", "/dev/null", *identity, share, "-c", command)
