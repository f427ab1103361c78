"""The production shape on one machine: servers, configuration, services."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import yaml

from devstack.daemon import Daemon, DaemonFailedError
from devstack.ports import free_port
from devstack.postgres import PostgresServer
from devstack.rabbitmq import RabbitServer

_START_SECONDS = 90.0
#: Those of the share service.
_BACKENDS = ("alpha", "beta")


class Stack:
    r"""Broker, database, one API service and several conductors, with all their files in `home`.

    With `data` there is a data service, too, and with `shares` a share service, whose two backends
    keep nothing. Use it in a ``with``, or `start` and `remove` it.
    `options` is text for the configuration file, such as ``"[conductor]\nworkers = 2"``.
    """

    def __init__(  # noqa: PLR0913 - what a machine may have
        self,
        home: Path,
        *,
        conductors: int = 2,
        data: bool = False,
        shares: bool = False,
        port: int = 0,
        options: str = "",
        environment: Mapping[str, str] | None = None,
        database_settings: Mapping[str, str] | None = None,
    ) -> None:
        self.home = home
        self._servers = _servers_home(home)
        self.postgres = PostgresServer(_folder(self._servers / "postgres"), database_settings)
        self.rabbit = RabbitServer(_folder(self._servers / "rabbitmq"))
        self.api = Daemon("baremetal-api", home)
        self.conductors = [Daemon(f"conductor-{n + 1}", home) for n in range(conductors)]
        self.data = Daemon("baremetal-data", home) if data else None
        self.shares = Daemon("baremetal-share", home) if shares else None
        self.port = port
        self._options = options
        self._environment = dict(environment or {})
        self.database_url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    @property
    def root_url(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The root of the API, without a slash at its end."""
        return f"{self.root_url}/baremetal"

    @property
    def shares_url(self) -> str:
        """The root of the API of shares, without a slash at its end."""
        return f"{self.root_url}/share"

    @property
    def clouds(self) -> Path:
        """How clients get in (`baremetal` is the entry)."""
        return self.home / "clouds.yaml"

    @property
    def credentials(self) -> tuple[str, str]:
        """User name and password of the administrator."""
        auth = yaml.safe_load(self.clouds.read_text())["clouds"]["baremetal"]["auth"]
        return auth["username"], auth["password"]

    @property
    def config(self) -> Path:
        """The configuration file of all services."""
        return self.home / "baremetal.conf"

    def start(self) -> None:
        """Make and run everything, and return when the API and all conductors are at work.

        :raises DaemonFailedError: something does not come up; what runs already goes on.
        """
        self.port = free_port(self.port)
        self.postgres.start()
        self.rabbit.start()
        self.database_url = self.postgres.create_database("baremetal")
        self._configure()
        self.start_services()

    def start_services(self) -> None:
        """Run the services, and return when they are at work."""
        for number in range(len(self.conductors)):
            self.start_conductor(number)
        if self.data is not None:
            self._run(self.data, "baremetal.cmd.data", "--config-file", str(self.config))
        if self.shares is not None:
            self.start_shares()
        self.start_api()
        self.api.wait_for(lambda: self.alive() == len(self.conductors), _START_SECONDS)
        if self.shares is not None:
            self.shares.wait_for(lambda: self.backends() == len(_BACKENDS), _START_SECONDS)

    def start_shares(self) -> None:
        """Run the share service."""
        own = self.home / "share.conf"
        sections = (f"[share_backend:{name}]\naddress = {name}.example.org\n" for name in _BACKENDS)
        own.write_text(
            "[DEFAULT]\nhost = share-1\n"
            f"[shares]\nenabled_backends = {','.join(_BACKENDS)}\n{''.join(sections)}"
        )
        files = ("--config-file", str(self.config), "--config-file", str(own))
        assert self.shares is not None  # noqa: S101 - a mistake of the caller
        self._run(self.shares, "baremetal.cmd.share", *files)

    def start_api(self) -> None:
        """Run the API service; it may take a moment to answer."""
        self._run(self.api, "baremetal.cmd.api", "--config-file", str(self.config))

    def start_conductor(
        self,
        number: int,
        module: str = "baremetal.cmd.conductor",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Run the conductor of that number, from 0; `module` may be another than ours."""
        own = self.home / f"conductor-{number + 1}.conf"
        own.write_text(f"[DEFAULT]\nhost = conductor-{number + 1}\n")
        files = ("--config-file", str(self.config), "--config-file", str(own))
        self._run(self.conductors[number], module, *files, environment=environment)

    def alive(self) -> int:
        """How many conductors the API says are alive; 0 where it does not answer."""
        try:
            found = self.ask("GET", "/v1/conductors")
        except (OSError, urllib.error.HTTPError):
            return 0
        return sum(1 for conductor in found["conductors"] if conductor["alive"])

    def backends(self) -> int:
        """How many backends of shares the API says are there; 0 where it does not answer."""
        try:
            found = self.ask("GET", "/v2/services", root=self.shares_url)
        except (OSError, urllib.error.HTTPError):
            return 0
        return sum(1 for service in found["services"] if service["state"] == "up")

    def ask(self, method: str, path: str, body: object = None, *, root: str = "") -> Any:
        """What the API answers, or another one whose `root` is given.

        :raises urllib.error.HTTPError: it refuses.
        """
        data = None if body is None else json.dumps(body).encode()
        url = (root or self.url) + path
        request = urllib.request.Request(url, data, method=method)  # noqa: S310 - ours
        user = b64encode(":".join(self.credentials).encode()).decode()
        request.add_header("Authorization", f"Basic {user}")
        request.add_header("Content-Type", "application/json")
        for name in ("X-OpenStack-Ironic-API-Version", "X-OpenStack-Manila-API-Version"):
            request.add_header(name, "latest")
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - ours
            text = answer.read()
        return json.loads(text) if text else None

    @property
    def services(self) -> Iterable[Daemon]:
        """The processes that are ours."""
        others = (one for one in (self.data, self.shares) if one is not None)
        return (self.api, *self.conductors, *others)

    def stop_services(self) -> None:
        """End the services in order."""
        for daemon in self.services:
            daemon.send(15)
        for daemon in self.services:
            daemon.stop(90)

    def stop(self) -> None:
        """End everything; what it has written stays."""
        self.stop_services()
        self.rabbit.stop()
        self.postgres.stop()

    def remove(self) -> None:
        """End everything, and leave no trace."""
        for daemon in self.services:
            daemon.kill()
        self.rabbit.stop()
        self.postgres.stop()
        shutil.rmtree(self._servers, ignore_errors=True)
        shutil.rmtree(self.home, ignore_errors=True)

    def _configure(self) -> None:
        state = _folder(self.home / "state", 0o700)
        self.config.touch(0o600)
        self.config.write_text(
            "[DEFAULT]\n"
            f"state_dir = {state}\n"
            f"transport_url = {self.rabbit.url}\n"
            "[database]\n"
            f"connection = {self.database_url}\n"
            f"[api]\nport = {self.port}\n{self._options}\n"
        )
        self._manage("secrets", "init")
        self._manage("db", "upgrade")
        password = secrets.token_urlsafe(18)
        self._manage("user", "add", "admin", said=password)
        auth = {"endpoint": self.url, "username": "admin", "password": password}
        entry = {
            "auth_type": "http_basic",
            "auth": auth,
            "baremetal_endpoint_override": self.url,
            "baremetal_api_version": "1",
            "shared_file_system_endpoint_override": f"{self.shares_url}/v2",
            "shared_file_system_api_version": "2",
        }
        self.clouds.touch(0o600)
        self.clouds.write_text(yaml.safe_dump({"clouds": {"baremetal": entry}}, sort_keys=False))

    def _manage(self, *words: str, said: str = "") -> None:
        command = [sys.executable, "-m", "baremetal.cmd.manage", "--config-file", str(self.config)]
        done = subprocess.run(
            [*command, *words], input=said, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise DaemonFailedError(f"baremetal-manage {' '.join(words)}: {done.stderr}")

    def _run(
        self,
        daemon: Daemon,
        module: str,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        whole = {**os.environ, **self._environment, **(environment or {})}
        daemon.start([sys.executable, "-m", module, *arguments], environment=whole)


def _folder(path: Path, mode: int = 0o755) -> Path:
    path.mkdir(mode, parents=True, exist_ok=True)
    return path


def _servers_home(home: Path) -> Path:
    """Where servers have their files: users other than root must be able to go there."""
    known = _folder(home, 0o700) / "servers"
    if not known.exists():
        made = tempfile.mkdtemp(prefix="baremetal-devstack-")
        Path(made).chmod(0o755)
        known.write_text(made)
    return Path(known.read_text())
