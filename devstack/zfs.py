"""A private ZFS in user space: zfs-fuse, as Debian packs it, with pools in files.

There is one zfs-fuse per machine, by where it keeps its socket and its list of pools. This one
has these directories for itself, in a mount namespace; only what it mounts is seen by all.
"""

import os
import shutil
import subprocess
from pathlib import Path

from devstack.daemon import Daemon, DaemonFailedError

_START_SECONDS = 60.0
_BUSY_TRIES = 50
_SCRIPT = """
set -e
for folder in /run /var/lib/zfs /etc/zfs; do
    mount --make-private "$(findmnt -nro TARGET --target "$folder")"
    mount -t tmpfs own "$folder"
done
mkdir -p /run/zfs /run/lock/zfs
echo "max-arc-size = 64" >/etc/zfs/zfsrc
exec zfs-fuse --no-daemon --no-kstat-mount
"""


class ZfsUnavailableError(Exception):
    """There can be no ZFS here; the message says what is missing."""


class ZfsServer:
    """A zfs-fuse; commands reach it by `programs`, a directory to put first into the PATH."""

    def __init__(self, home: Path) -> None:
        """Keep pools and log in `home`."""
        if shutil.which("zfs-fuse") is None:
            raise ZfsUnavailableError(
                "no zfs-fuse: `make test` as root installs it, otherwise: "
                "sudo apt-get install zfs-fuse"
            )
        if os.geteuid() != 0 or not Path("/dev/fuse").exists():
            raise ZfsUnavailableError("zfs-fuse wants to be root, and /dev/fuse.")
        self._home = home
        self._seen = home / "seen"
        self._pools: list[str] = []
        self.programs = home / "bin"
        self.daemon = Daemon("zfs-fuse", home)

    def start(self) -> None:
        """Run it, and return when it answers.

        :raises ZfsUnavailableError: it does not come up.
        """
        self._seen.mkdir()
        self.programs.mkdir()
        self._do("mount", "--bind", self._seen, self._seen)
        self._do("mount", "--make-shared", self._seen)
        apart = ["unshare", "--mount", "--propagation", "unchanged"]
        self.daemon.start([*apart, "sh", "-c", _SCRIPT])
        namespace = f"/proc/{self.daemon.pid}/ns/mnt"
        for name in ("zfs", "zpool"):
            program = self.programs / name
            real = shutil.which(name)
            program.write_text(f'#!/bin/sh\nexec nsenter --mount={namespace} {real} "$@"\n')
            program.chmod(0o755)
        try:
            self.daemon.wait_for(self._answers, _START_SECONDS)
        except DaemonFailedError as error:
            self.stop()
            raise ZfsUnavailableError(str(error)) from error

    def _answers(self) -> bool:
        done = subprocess.run([self.programs / "zpool", "list"], capture_output=True, check=False)
        return done.returncode == 0

    def create_pool(self, name: str, size: int) -> Path:
        """A pool of so many bytes, in a sparse file; where it is mounted."""
        image = self._home / f"{name}.img"
        with image.open("wb") as file:
            file.truncate(size)
        self._do(self.programs / "zpool", "create", "-m", self._seen / name, name, image)
        self._pools.append(name)
        return self._seen / name

    def stop(self) -> None:
        """End it, and its pools."""
        for name in self._pools:
            command = [str(self.programs / "zpool"), "destroy", "-f", name]
            for _ in range(_BUSY_TRIES):
                if subprocess.run(command, capture_output=True, check=False).returncode == 0:
                    break
        self.daemon.kill()
        subprocess.run(["umount", "-R", "--lazy", self._seen], capture_output=True, check=False)

    def _do(self, *words: str | Path) -> None:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ZfsUnavailableError(f"{' '.join(map(str, words))}: {done.stderr.strip()}")
