"""A private PostgreSQL server for one test session, made from Debian's binaries."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg import sql

_BINARIES = Path("/usr/lib/postgresql")
_START_SECONDS = 30.0
_PORT_ATTEMPTS = 3
# Only for data that nobody will miss.
_FAST_AND_FORGETFUL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "timezone": "UTC",
}


class PostgresUnavailableError(Exception):
    """PostgreSQL cannot be run here; the message says what to install."""


class PostgresServer:
    """A running server on a free loopback port, and fresh databases in it.

    :raises PostgresUnavailableError: no binaries, or the server does not come up.
    """

    def __init__(self) -> None:
        self._bin = _newest_binaries()
        self._password = secrets.token_urlsafe(16)
        self._databases = 0
        self._home = Path(tempfile.mkdtemp(prefix="baremetal-postgres-"))
        # PostgreSQL refuses to run as root.
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(self._home, self._user, self._user)
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._initialise()
            self._start()
        except BaseException:
            self.stop()
            raise

    def create_database(self) -> str:
        """The SQLAlchemy URL of a new, empty database."""
        self._databases += 1
        name = f"baremetal_{self._databases}"
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return f"postgresql+psycopg://postgres:{self._password}@127.0.0.1:{self.port}/{name}"

    def drop_database(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        name = url.rpartition("/")[2]
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            connection.execute(drop.format(sql.Identifier(name)))

    def stop(self) -> None:
        """End the server at once and remove its files."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(10)
        shutil.rmtree(self._home, ignore_errors=True)

    def _initialise(self) -> None:
        password_file = self._home / "password"
        password_file.write_text(self._password)
        password_file.chmod(0o600)
        if self._user:
            shutil.chown(password_file, self._user, self._user)
        done = subprocess.run(
            [
                self._bin / "initdb",
                f"--pgdata={self._home / 'data'}",
                "--username=postgres",
                f"--pwfile={password_file}",
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

    def _start(self) -> None:
        for _ in range(_PORT_ATTEMPTS):
            self.port = _free_port()
            self._process = self._launch()
            if self._comes_up():
                return
        log = (self._home / "log").read_text()
        raise PostgresUnavailableError(f"the PostgreSQL server does not start:\n{log}")

    def _launch(self) -> subprocess.Popen[bytes]:
        settings = [f"-c{name}={value}" for name, value in _FAST_AND_FORGETFUL.items()]
        with (self._home / "log").open("ab") as log:
            return subprocess.Popen(
                [self._bin / "postgres", "-D", self._home / "data", f"-p{self.port}", *settings],
                cwd=self._home,
                user=self._user,
                group=self._user,
                extra_groups=[] if self._user else None,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C is for pytest, which then stops the server in order.
                start_new_session=True,
            )

    def _comes_up(self) -> bool:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                return False
            try:
                psycopg.connect(self._dsn("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return True
        return False

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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
