"""A private PostgreSQL server, made from Debian's binaries."""

import secrets
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from devstack.daemon import Daemon, DaemonFailedError, give_to, unprivileged
from devstack.ports import free_port

_BINARIES = Path("/usr/lib/postgresql")
_START_SECONDS = 60.0
_ALWAYS: Final = {
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
    "max_connections": "300",
    "timezone": "UTC",
}

#: Settings for data that nobody will miss.
FORGETFUL: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
}


class PostgresUnavailableError(Exception):
    """PostgreSQL cannot be run here; the message says what to install."""


class PostgresServer:
    """A server on a loopback port, with its data in `home`; `start` makes what is missing.

    :raises PostgresUnavailableError: there are no binaries.
    """

    def __init__(self, home: Path, settings: Mapping[str, str] | None = None) -> None:
        self._bin = _newest_binaries()
        self._home = home
        self._settings = {**_ALWAYS, **(settings or {})}
        self._databases = 0
        # PostgreSQL refuses to run as root.
        self._user = unprivileged("postgres")
        self.daemon = Daemon("postgres", home)
        self.port = 0
        self._password = ""

    def start(self) -> None:
        """Run the server, and return when it answers.

        :raises PostgresUnavailableError: it does not come up.
        """
        if not (self._home / "data").exists():
            self._initialise()
        self._password = (self._home / "password").read_text()
        self.port = self.port or free_port()
        settings = [f"-c{name}={value}" for name, value in self._settings.items()]
        command: list[str | Path] = [self._bin / "postgres", "-D", self._home / "data"]
        command += [f"-p{self.port}", *settings]
        self.daemon.start(command, user=self._user, cwd=self._home)
        try:
            self.daemon.wait_for(self._answers, _START_SECONDS)
        except DaemonFailedError as error:
            self.daemon.kill()
            raise PostgresUnavailableError(str(error)) from error

    def stop(self) -> None:
        """End the server; whoever is connected is thrown out."""
        self.daemon.stop(20, signal.SIGINT)

    def create_database(self, name: str | None = None) -> str:
        """The SQLAlchemy URL of a new, empty database."""
        self._databases += 1
        name = name or f"baremetal_{self._databases}"
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return f"postgresql+psycopg://postgres:{self._password}@127.0.0.1:{self.port}/{name}"

    def drop_database(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        name = url.rpartition("/")[2]
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            connection.execute(drop.format(sql.Identifier(name)))

    def _initialise(self) -> None:
        password = self._home / "password"
        password.touch(0o600)
        password.write_text(secrets.token_urlsafe(16))
        give_to(self._user, self._home, password)
        done = subprocess.run(
            [
                self._bin / "initdb",
                f"--pgdata={self._home / 'data'}",
                "--username=postgres",
                f"--pwfile={password}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ],
            cwd=self._home,
            user=self._user,
            group=self._user,
            extra_groups=[] if self._user else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise PostgresUnavailableError(f"initdb failed: {done.stdout}")

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._dsn("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _dsn(self, database: str) -> str:
        return (
            f"host=127.0.0.1 port={self.port} user=postgres "
            f"password={self._password} dbname={database}"
        )


def _newest_binaries() -> Path:
    found = [path.parent for path in _BINARIES.glob("*/bin/initdb")]
    if not found:
        raise PostgresUnavailableError(
            f"no PostgreSQL server under {_BINARIES}: `make test` as root installs it, "
            "otherwise: sudo apt-get install postgresql"
        )
    return max(found, key=lambda path: float(path.parent.name))
