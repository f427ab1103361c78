"""A private MariaDB server, made from Debian's binaries."""

import secrets
import subprocess
from pathlib import Path

import pymysql

from devstack.daemon import Daemon, DaemonFailedError, give_to, unprivileged
from devstack.ports import free_port

_SERVER = Path("/usr/sbin/mariadbd")
_INSTALLER = Path("/usr/bin/mariadb-install-db")
_START_SECONDS = 60.0
#: Nothing that a reboot would have to find again, and little memory.
_SETTINGS = (
    "bind-address=127.0.0.1",
    "skip-name-resolve",
    "skip-log-bin",
    "innodb-flush-log-at-trx-commit=0",
    "innodb-buffer-pool-size=64M",
    "max-connections=200",
    "character-set-server=utf8mb4",
)


class MariaUnavailableError(Exception):
    """MariaDB cannot be run here; the message says what to install."""


class MariaServer:
    """A server on a loopback port, with its data in `home`; `start` makes what is missing.

    :raises MariaUnavailableError: there are no binaries.
    """

    def __init__(self, home: Path) -> None:
        if not _SERVER.exists():
            raise MariaUnavailableError(
                f"no MariaDB server at {_SERVER}: `make test` as root installs it, "
                "otherwise: sudo apt-get install mariadb-server"
            )
        self._home = home
        self._user = unprivileged("mysql")
        self._databases = 0
        self._password = secrets.token_urlsafe(16)
        self.daemon = Daemon("mariadb", home)
        self.port = 0

    def start(self) -> None:
        """Run the server, and return when it answers.

        :raises MariaUnavailableError: it does not come up.
        """
        data = self._home / "data"
        self.port = self.port or free_port()
        if not data.exists():
            self._initialise(data)
        command = [str(_SERVER), "--no-defaults", f"--datadir={data}", f"--port={self.port}"]
        command += [f"--socket={self._socket}", f"--pid-file={self._home / 'mariadbd.pid'}"]
        command += [f"--{setting}" for setting in _SETTINGS]
        self.daemon.start(command, user=self._user, cwd=self._home)
        try:
            self.daemon.wait_for(self._answers, _START_SECONDS)
        except DaemonFailedError as error:
            self.daemon.kill()
            raise MariaUnavailableError(str(error)) from error

    def stop(self) -> None:
        """End the server."""
        self.daemon.stop(20)

    def create_database(self) -> str:
        """The SQLAlchemy URL of a new, empty database."""
        self._databases += 1
        name = f"baremetal_{self._databases}"
        with self._connected() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} COLLATE utf8mb4_bin")
        return f"mysql+pymysql://baremetal:{self._password}@127.0.0.1:{self.port}/{name}"

    @property
    def _socket(self) -> Path:
        return self._home / "s"

    def _initialise(self, data: Path) -> None:
        # One user of ours, made at the first start by those who may read the file.
        give_to(self._user, self._home)
        done = subprocess.run(
            [
                str(_INSTALLER),
                "--no-defaults",
                f"--datadir={data}",
                "--auth-root-authentication-method=socket",
                "--skip-test-db",
                *([f"--user={self._user}"] if self._user else []),
            ],
            cwd=self._home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise MariaUnavailableError(f"mariadb-install-db failed: {done.stdout}")

    def _answers(self) -> bool:
        try:
            with self._as_owner() as connection, connection.cursor() as cursor:
                cursor.execute(
                    "GRANT ALL ON *.* TO baremetal@127.0.0.1 IDENTIFIED BY %s", (self._password,)
                )
        except pymysql.err.OperationalError:
            return False
        return True

    def _as_owner(self) -> "pymysql.connections.Connection[pymysql.cursors.Cursor]":
        return pymysql.connect(unix_socket=str(self._socket), user="root")

    def _connected(self) -> "pymysql.connections.Connection[pymysql.cursors.Cursor]":
        return pymysql.connect(
            host="127.0.0.1", port=self.port, user="baremetal", password=self._password
        )
