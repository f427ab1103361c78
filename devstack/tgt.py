"""A private iSCSI target in user space: tgt, as Debian packs it."""

import os
import secrets
import shutil
import subprocess
from pathlib import Path

from devstack.daemon import Daemon, DaemonFailedError
from devstack.ports import answers, free_port

_START_SECONDS = 30.0


class TgtUnavailableError(Exception):
    """tgt cannot be run here; the message says what is missing."""


class TgtServer:
    """A portal on the loopback device, with CHAP; `add_disk` makes LUNs."""

    def __init__(self, home: Path) -> None:
        """Keep disks and log in `home`."""
        if shutil.which("tgtd") is None or shutil.which("tgtadm") is None:
            raise TgtUnavailableError(
                "no tgtd: `make test` as root installs it, otherwise: sudo apt-get install tgt"
            )
        if os.geteuid() != 0:
            raise TgtUnavailableError("tgtd wants to be root.")
        self._home = home
        self._control = str(free_port())
        self._targets = 0
        self.port = free_port()
        self.user = "initiator"
        self.password = secrets.token_hex(7)
        self.daemon = Daemon("tgtd", home)

    @property
    def settings(self) -> dict[str, object]:
        """Those of a store on it."""
        return {
            "portal": f"127.0.0.1:{self.port}",
            "username": self.user,
            "password": self.password,
        }

    def start(self) -> None:
        """Run it, and return when it answers.

        :raises TgtUnavailableError: it does not come up.
        """
        Path("/var/run/tgtd").mkdir(exist_ok=True)
        portal = f"portal=127.0.0.1:{self.port}"
        self.daemon.start(["tgtd", "-f", "-C", self._control, "--iscsi", portal])
        try:
            self.daemon.wait_for(self._ready, _START_SECONDS)
        except DaemonFailedError as error:
            self.daemon.kill()
            raise TgtUnavailableError(str(error)) from error
        self._admin("account", "new", "--user", self.user, "--password", self.password)

    def _ready(self) -> bool:
        return answers(self.port) and self._asked("sys", "show").returncode == 0

    def stop(self) -> None:
        """End it."""
        self.daemon.kill()
        for path in Path("/var/run/tgtd").glob(f"socket.{self._control}*"):
            path.unlink()

    def add_disk(self, size: int) -> tuple[str, Path]:
        """A new target with one LUN: its name as a store has it, and the file behind it."""
        self._targets += 1
        tid, path = str(self._targets), self._home / f"disk{self._targets}"
        with path.open("wb") as file:
            file.truncate(size)
        name = f"iqn.2026-01.org.example:disk{tid}"
        self._admin("target", "new", "--tid", tid, "--targetname", name)
        self._admin("logicalunit", "new", "--tid", tid, "--lun", "1", "--backing-store", str(path))
        self._admin("target", "bind", "--tid", tid, "--initiator-address", "ALL")
        self._admin("account", "bind", "--tid", tid, "--user", self.user)
        return f"{name}/1", path

    def _asked(self, mode: str, operation: str, *words: str) -> "subprocess.CompletedProcess[str]":
        command = ["tgtadm", "-C", self._control, "--lld", "iscsi", "--mode", mode]
        return subprocess.run(
            [*command, "--op", operation, *words], capture_output=True, text=True, check=False
        )

    def _admin(self, mode: str, operation: str, *words: str) -> None:
        done = self._asked(mode, operation, *words)
        if done.returncode != 0:
            raise TgtUnavailableError(f"tgtadm {mode} {operation}: {done.stderr}")
