"""A private Samba whose shares are in its registry, as Debian packs it."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from devstack.daemon import Daemon, DaemonFailedError

_START_SECONDS = 60.0

_CONFIGURATION = """[global]
server role = standalone server
smb ports = {port}
disable netbios = yes
map to guest = Bad User
private dir = {home}/private
pid directory = {home}/pid
lock directory = {home}/lock
state directory = {home}/state
cache directory = {home}/cache
ncalrpc dir = {home}/ncalrpc
passdb backend = tdbsam:{home}/private/passdb.tdb
load printers = no
registry shares = yes
include = registry
"""


class SambaUnavailableError(Exception):
    """Samba cannot be run here; the message says what is missing."""


class SambaServer:
    """SMB on a port of all addresses: let it run `inside` a network namespace."""

    def __init__(self, home: Path, inside: Sequence[str] = (), port: int = 445) -> None:
        """Keep all in `home`; `inside` is put before its command."""
        if shutil.which("smbd") is None or shutil.which("smbclient") is None:
            raise SambaUnavailableError(
                "no samba: `make test` as root installs it, otherwise: "
                "sudo apt-get install samba smbclient"
            )
        if os.geteuid() != 0:
            raise SambaUnavailableError("smbd wants to be root.")
        self._home = home
        self._inside = list(inside)
        self._port = port
        self.conf = home / "smb.conf"
        self.daemon = Daemon("smbd", home)

    def start(self) -> None:
        """Run it, and return when it answers.

        :raises SambaUnavailableError: it does not come up.
        """
        for name in ("private", "pid", "lock", "state", "cache", "ncalrpc", "log"):
            (self._home / name).mkdir(exist_ok=True)
        self.conf.write_text(_CONFIGURATION.format(home=self._home, port=self._port))
        files = [f"--configfile={self.conf}", f"--log-basename={self._home}/log"]
        command = ["smbd", "--foreground", "--no-process-group", *files]
        self.daemon.start([*self._inside, *command])
        try:
            self.daemon.wait_for(self._answers, _START_SECONDS)
        except DaemonFailedError as error:
            self.daemon.kill()
            raise SambaUnavailableError(str(error)) from error

    def add_user(self, name: str, password: str) -> None:
        """Give a user of this machine a password for SMB."""
        subprocess.run(
            ["smbpasswd", "-c", self.conf, "-s", "-a", name],
            input=f"{password}\n{password}\n",
            text=True,
            capture_output=True,
            check=True,
        )

    def _answers(self) -> bool:
        command = ["smbcontrol", f"--configfile={self.conf}", "--timeout=2", "smbd", "ping"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def stop(self) -> None:
        """End it."""
        self.daemon.kill()
