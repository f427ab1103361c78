"""Ceph's ``rbd`` command: what is done with whole images. Its key is in no list of processes."""

import errno
import json
import os
from typing import Any, Final

from baremetal.commands import ask
from baremetal.domain.errors import BaremetalError, NotFound, Unavailable
from baremetal.stores.errors import AccessRefused, StoreError, StoreFull, taken
from baremetal.stores.qemu.export import secret_file

_SECONDS: Final = 300


class RbdCommand:
    """Commands for one cluster and one user."""

    def __init__(self, monitors: str, user: str, key: str, conf: str, timeout: int) -> None:
        """Reach the cluster by its `monitors`, or by what `conf` says, within `timeout`."""
        self._common = ["--id", user, "--conf", conf or "/dev/null"]
        if monitors:
            self._common += ["--mon-host", monitors]
        # Without it, a wrong key is tried for five minutes.
        self._common += ["--client-mount-timeout", str(timeout)]
        self._key = key

    def run(self, what: object, *words: str, patience: float = _SECONDS) -> str:
        """What the command says.

        :raises BaremetalError: what it fails with.
        """
        fd = secret_file(self._key)
        command = ["rbd", *words, *self._common, "--keyfile", f"/proc/self/fd/{fd}"]
        try:
            done = ask(command, package="ceph-common", seconds=patience, files=(fd,))
        except Unavailable as error:
            raise Unavailable(f"{what}: the cluster does not answer.") from error
        finally:
            os.close(fd)
        if done.status:
            raise _refusal(done.status, done.err, what)
        return done.out

    def json(self, what: object, *words: str) -> Any:
        """What the command says, as data."""
        return json.loads(self.run(what, *words, "--format", "json"))


def _refusal(status: int, said: str, what: object) -> BaremetalError:
    lines = said.strip().splitlines()
    reason = lines[-1][-300:] if lines else f"rbd ended with {status}"
    if status == errno.ENOENT:
        return NotFound("Object", what)
    if status == errno.EEXIST:
        return taken(what)
    if status in (errno.EPERM, errno.EACCES):
        return AccessRefused(f"{what}: {reason}.")
    if status in (errno.ENOSPC, errno.EDQUOT):
        return StoreFull(f"{what}: {reason}.")
    if status in (errno.EBUSY, errno.ETIMEDOUT):
        return Unavailable(f"{what}: {reason}.")
    return StoreError(f"{what}: {reason}.")
