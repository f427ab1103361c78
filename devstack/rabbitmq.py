"""A private RabbitMQ broker, made from Debian's binaries."""

import os
import secrets
import shutil
from pathlib import Path

from devstack.daemon import Daemon, DaemonFailedError, give_to, unprivileged
from devstack.ports import answers, free_port

_SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_START_SECONDS = 120.0
_NAME = "baremetal"
#: Two schedulers which sleep when idle: others need the machine as well.
_ERLANG = "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none"


class RabbitUnavailableError(Exception):
    """RabbitMQ cannot be run here; the message says what to install."""


class RabbitServer:
    """A broker on a loopback port with a vhost of ours, and its data in `home`.

    :raises RabbitUnavailableError: there are no binaries.
    """

    def __init__(self, home: Path) -> None:
        if not _SERVER.exists():
            raise RabbitUnavailableError(
                f"no RabbitMQ at {_SERVER}: `make test` as root installs it, "
                "otherwise: sudo apt-get install rabbitmq-server"
            )
        self._home = home
        self._user = unprivileged("rabbitmq")
        self.daemon = Daemon("rabbitmq", home)
        # The broker would leave one behind that is shared by all of the machine.
        self._mapper = Daemon("epmd", home)
        self._ports: tuple[int, int, int] | None = None

    @property
    def url(self) -> str:
        """For ``transport_url``, with the password in it."""
        password = (self._home / "password").read_text()
        return f"rabbit://{_NAME}:{password}@127.0.0.1:{self.port}/{_NAME}"

    @property
    def port(self) -> int:
        """Where it listens for AMQP."""
        return (self._ports or (0, 0, 0))[0]

    def start(self) -> None:
        """Run the broker, and return when it listens.

        :raises RabbitUnavailableError: it does not come up.
        """
        amqp, distribution, mapper = self._ports = self._ports or _three_ports()
        self._configure(amqp)
        environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self._home),
            "ERL_EPMD_PORT": str(mapper),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"baremetal-{amqp}@localhost",
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": str(self._home / "data"),
            "RABBITMQ_LOG_BASE": str(self._home / "data"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_CONFIG_FILE": str(self._home / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._home / "plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                f"{_ERLANG} -kernel inet_dist_use_interface {{127,0,0,1}}"
            ),
        }
        if not self._mapper.running:
            epmd = shutil.which("epmd") or "/usr/bin/epmd"
            self._mapper.start([epmd], environment=environment, user=self._user, cwd=self._home)
        self.daemon.start([_SERVER], environment=environment, user=self._user, cwd=self._home)
        try:
            self.daemon.wait_for(lambda: answers(amqp), _START_SECONDS)
        except DaemonFailedError as error:
            self.stop()
            raise RabbitUnavailableError(str(error)) from error

    def stop(self) -> None:
        """End the broker."""
        self.daemon.stop(30)
        self._mapper.stop(5)

    def forget(self) -> None:
        """Delete all queues and all that is in them; only while it is stopped."""
        shutil.rmtree(self._home / "data", ignore_errors=True)

    def _configure(self, amqp: int) -> None:
        """Our user and vhost are what a new broker makes for itself."""
        password = self._home / "password"
        if not password.exists():
            password.touch(0o600)
            password.write_text(secrets.token_urlsafe(16))
        config = self._home / "rabbitmq.conf"
        config.touch(0o600)
        config.write_text(
            f"listeners.tcp.1 = 127.0.0.1:{amqp}\n"
            f"default_user = {_NAME}\n"
            f"default_pass = {password.read_text()}\n"
            f"default_vhost = {_NAME}\n"
            "disk_free_limit.absolute = 50MB\n"
            "log.console.level = warning\n"
        )
        plugins = self._home / "plugins"
        plugins.write_text("[].\n")
        data = self._home / "data"
        data.mkdir(exist_ok=True)
        give_to(self._user, self._home, password, config, plugins, data)


def _three_ports() -> tuple[int, int, int]:
    return free_port(), free_port(), free_port()
