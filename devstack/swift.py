"""A private Swift on one directory: proxy, account, container and object server, from Debian."""

import os
import shutil
import subprocess
import urllib.request
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from urllib.error import URLError

from devstack.daemon import Daemon, DaemonFailedError
from devstack.ports import answers, free_port

_START_SECONDS = 90.0
#: Debian's, which has the libraries of Debian's Swift.
_PYTHON = "/usr/bin/python3"
_KINDS = ("account", "container", "object")

#: One process for all rings: it takes its time to begin.
_RINGS = """
import sys
from swift.common.ring.builder import RingBuilder
for word in sys.argv[2:]:
    kind, port = word.split(":")
    builder = RingBuilder(4, 1, 0)
    builder.add_dev({"id": 0, "region": 1, "zone": 1, "ip": "127.0.0.1", "port": int(port),
                     "device": "d1", "weight": 1, "replication_ip": "127.0.0.1",
                     "replication_port": int(port), "meta": ""})
    builder.rebalance()
    builder.get_ring().save(f"{sys.argv[1]}/{kind}.ring.gz")
"""

_SERVER = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {conf}
devices = {srv}
user = {user}
mount_check = false
workers = 0
disable_fallocate = true
log_name = {kind}
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""

_PROXY = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {conf}
user = {user}
workers = 0
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats tempurl tempauth copy slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
node_timeout = 60
conn_timeout = 10
[filter:tempauth]
use = egg:swift#tempauth
user_images_writer = s3cret .admin
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{memcached}
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:tempurl]
use = egg:swift#tempurl
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
"""  # noqa: E501 - a pipeline is one line


class SwiftUnavailableError(Exception):
    """Swift cannot be run here; the message says what to install."""


class SwiftServer:
    """A whole Swift on loopback ports, for images:writer with the key s3cret."""

    def __init__(self, home: Path) -> None:
        """Keep all in `home`."""
        needed = ("swift-proxy-server", "swift-object-server", "memcached")
        missing = [name for name in needed if shutil.which(name) is None]
        if missing:
            raise SwiftUnavailableError(
                f"no {missing[0]}: `make test` as root installs it, otherwise: sudo apt-get "
                "install swift-proxy swift-account swift-container swift-object memcached"
            )
        self._home = home
        self._conf = home / "conf"
        self._daemons: list[Daemon] = []
        self.port = free_port()

    @property
    def settings(self) -> dict[str, object]:
        """Those of a store on it."""
        return {
            "auth_url": f"http://127.0.0.1:{self.port}/auth/v1.0",
            "username": "images:writer",
            "password": "s3cret",
            "temp_url_key": "a-key-for-urls",
        }

    def start(self) -> None:
        """Run it, and return when it answers.

        :raises SwiftUnavailableError: it does not come up.
        """
        for folder in (self._conf, self._home / "srv" / "d1"):
            folder.mkdir(parents=True, exist_ok=True)
        (self._conf / "swift.conf").write_text(
            "[swift-hash]\nswift_hash_path_suffix = baremetal\nswift_hash_path_prefix = tests\n"
            "[swift-constraints]\nmax_file_size = 5368709122\n"
        )
        memcached = free_port()
        user = "root" if os.geteuid() == 0 else os.environ.get("USER", "nobody")
        self._run("memcached", ["memcached", "-l", "127.0.0.1", "-p", str(memcached), "-u", user])
        common = {"conf": self._conf, "srv": self._home / "srv", "user": user}
        ports = {kind: free_port() for kind in _KINDS}
        self._make_rings(ports)
        for kind, port in ports.items():
            self._serve(kind, _SERVER.format(kind=kind, port=port, **common))
        self._serve("proxy", _PROXY.format(port=self.port, memcached=memcached, **common))
        try:
            for daemon, port in zip(self._daemons[1:], ports.values(), strict=False):
                daemon.wait_for(partial(answers, port), _START_SECONDS)
            self._daemons[-1].wait_for(self._healthy, _START_SECONDS)
        except DaemonFailedError as error:
            self.stop()
            raise SwiftUnavailableError(str(error)) from error

    def _make_rings(self, ports: Mapping[str, int]) -> None:
        words = [f"{kind}:{port}" for kind, port in ports.items()]
        done = subprocess.run(
            [_PYTHON, "-c", _RINGS, str(self._conf), *words],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SwiftUnavailableError(f"no rings: {done.stdout}{done.stderr}")

    def _serve(self, kind: str, text: str) -> None:
        path = self._conf / f"{kind}-server.conf"
        path.write_text(text)
        program = str(shutil.which(f"swift-{kind}-server"))
        self._run(kind, [_PYTHON, program, str(path), "verbose"])

    def _run(self, name: str, command: list[str]) -> Daemon:
        daemon = Daemon(name, self._home)
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SWIFT_DIR": str(self._conf)}
        daemon.start(command, environment=environment, cwd=self._home)
        self._daemons.append(daemon)
        return daemon

    def _healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthcheck") as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def stop(self) -> None:
        """End all of it."""
        for daemon in reversed(self._daemons):
            daemon.kill()
