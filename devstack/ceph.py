"""A private Ceph of one monitor and one OSD, in memory, with or without its object gateway."""

import os
import shutil
import subprocess
import uuid
from pathlib import Path

from devstack.daemon import Daemon, DaemonFailedError
from devstack.ports import answers, free_port

_START_SECONDS = 120.0

_CONFIGURATION = """
[global]
fsid = {fsid}
mon host = 127.0.0.1:{port}
mon initial members = a
public network = 127.0.0.0/8
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
run dir = {home}
admin socket = {home}/$name.asok
log file = {home}/$name.log
pid file = {home}/$name.own-pid
crash dir = {home}
keyring = {home}/keyring
osd pool default size = 1
osd pool default min size = 1
osd crush chooseleaf type = 0
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 1000
mon allow pool delete = true
auth allow insecure global id reclaim = false
ms bind ipv4 = true
ms bind ipv6 = false
mon data avail crit = 1
mon data avail warn = 1
[mon]
mon data = {home}/mon
[osd]
osd data = {home}/osd
osd objectstore = memstore
memstore device bytes = 2147483648
memstore page set = false
"""


class CephUnavailableError(Exception):
    """Ceph cannot be run here; the message says what to install."""


class CephCluster:
    """Monitor and OSD on loopback ports; `user` may use the pool ``images``."""

    def __init__(self, home: Path) -> None:
        """Keep all in `home`."""
        missing = [name for name in ("ceph-mon", "ceph-osd", "rbd") if shutil.which(name) is None]
        if missing:
            raise CephUnavailableError(
                f"no {missing[0]}: `make test` as root installs it, otherwise: "
                "sudo apt-get install ceph-mon ceph-osd ceph-common radosgw"
            )
        self._home = home
        self._daemons: list[Daemon] = []
        self.port = free_port()
        self.gateway_port = free_port()
        self.user = "baremetal"
        self.key = ""

    @property
    def settings(self) -> dict[str, object]:
        """Those of an RBD store on it."""
        return {"monitors": f"127.0.0.1:{self.port}", "user": self.user, "key": self.key}

    @property
    def s3_settings(self) -> dict[str, object]:
        """Those of an S3 store on its gateway."""
        endpoint = f"http://127.0.0.1:{self.gateway_port}"
        return {"endpoint": endpoint, "access_key": "images", "secret_key": "s3cret-s3cret"}

    def start(self) -> None:
        """Run it, and return when an image can be made.

        :raises CephUnavailableError: it does not come up.
        """
        for folder in ("mon", "osd"):
            (self._home / folder).mkdir()
        text = _CONFIGURATION.format(fsid=uuid.uuid4(), home=self._home, port=self.port)
        (self._home / "ceph.conf").write_text(text)
        try:
            self._start_monitor()
            self._start_osd()
            self.ask("osd", "pool", "create", "images", "8")
            self._run("rbd", "-c", self._conf, "pool", "init", "images")
            caps = ("mon", "profile rbd", "osd", "profile rbd pool=images")
            self.key = self._made_key(f"client.{self.user}", *caps)
        except (DaemonFailedError, CephUnavailableError) as error:
            self.stop()
            raise CephUnavailableError(str(error)) from error

    @property
    def _conf(self) -> str:
        return str(self._home / "ceph.conf")

    def _start_monitor(self) -> None:
        keyring, every = str(self._home / "keyring"), "allow *"
        admin = [word for part in ("mon", "osd", "mds", "mgr") for word in ("--cap", part, every)]
        self._run("ceph-authtool", "--create-keyring", keyring, "--gen-key", "-n", "mon.",
                  "--cap", "mon", every)  # fmt: skip
        self._run("ceph-authtool", keyring, "--gen-key", "-n", "client.admin", *admin)
        monmap, port = str(self._home / "monmap"), self.port
        self._run("monmaptool", "--create", "--addv", "a", f"[v1:127.0.0.1:{port}]", monmap)
        self._run("ceph-mon", "-c", self._conf, "--mkfs", "-i", "a", "--monmap", monmap,
                  "--keyring", keyring)  # fmt: skip
        self._daemon("mon", ["ceph-mon", "-f", "-c", self._conf, "-i", "a"]).wait_for(
            lambda: answers(self.port), _START_SECONDS
        )

    def _start_osd(self) -> None:
        name = str(uuid.uuid4())
        number = self.ask("osd", "new", name).strip()
        keyring = self._home / "osd" / "keyring"
        caps = ("mon", "allow profile osd", "mgr", "allow profile osd", "osd", "allow *")
        keyring.write_text(self.ask("auth", "get-or-create", f"osd.{number}", *caps))
        command = ["ceph-osd", "-c", self._conf, "-i", number]
        self._run(*command, "--mkfs", "--osd-uuid", name, "--keyring", str(keyring))
        daemon = self._daemon("osd", [*command, "-f", "--keyring", str(keyring)])
        daemon.wait_for(lambda: '"num_up_osds":1' in self._status(), _START_SECONDS)

    def _status(self) -> str:
        return self.ask("osd", "stat", "--format", "json").replace(" ", "")

    def _made_key(self, name: str, *caps: str) -> str:
        self.ask("auth", "get-or-create", name, *caps)
        return self.ask("auth", "get-key", name).strip()

    def start_gateway(self) -> None:
        """Run the object gateway too, with a user for S3.

        :raises CephUnavailableError: it does not come up.
        """
        if shutil.which("radosgw") is None:
            raise CephUnavailableError("no radosgw: sudo apt-get install radosgw")
        keyring = self._home / "gateway.keyring"
        caps = ("mon", "allow rwx", "osd", "allow rwx")
        keyring.write_text(self.ask("auth", "get-or-create", "client.rgw.a", *caps))
        frontend = f"beast endpoint=127.0.0.1:{self.gateway_port}"
        common = ["-c", self._conf, "-n", "client.rgw.a", "--keyring", str(keyring)]
        daemon = self._daemon("gateway", ["radosgw", "-f", *common, "--rgw-frontends", frontend])
        try:
            daemon.wait_for(lambda: answers(self.gateway_port), _START_SECONDS)
        except DaemonFailedError as error:
            raise CephUnavailableError(str(error)) from error
        self._run("radosgw-admin", "-c", self._conf, "user", "create", "--uid=images",
                  "--display-name=images", "--access-key=images",
                  "--secret-key=s3cret-s3cret")  # fmt: skip

    def ask(self, *words: str) -> str:
        """What the ``ceph`` command says to `words`.

        :raises CephUnavailableError: it fails.
        """
        return self._run("ceph", "-c", self._conf, "--connect-timeout", "60", *words)

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=self._home,
            timeout=_START_SECONDS,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "CEPH_CONF": self._conf},
        )
        if done.returncode:
            raise CephUnavailableError(f"{command[0]} {command[-1]}: {done.stderr[-2000:]}")
        return done.stdout

    def _daemon(self, name: str, command: list[str]) -> Daemon:
        daemon = Daemon(f"ceph-{name}", self._home)
        daemon.start(command, environment={"PATH": os.defpath}, cwd=self._home)
        self._daemons.append(daemon)
        return daemon

    def stop(self) -> None:
        """End all of it."""
        for daemon in reversed(self._daemons):
            daemon.kill()
