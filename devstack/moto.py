"""A private S3 that keeps all in memory: moto's server."""

import sys
from pathlib import Path

from devstack.daemon import Daemon
from devstack.ports import answers, free_port

_START_SECONDS = 90.0


class MotoServer:
    """A server on a loopback port. It believes any credentials."""

    def __init__(self, home: Path) -> None:
        """Keep its log in `home`."""
        self.daemon = Daemon("moto", home)
        self.port = free_port()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, object]:
        """Those of a store on it."""
        return {"endpoint": self.url, "access_key": "someone", "secret_key": "s3cret"}

    def start(self) -> None:
        """Run it, and return when it answers."""
        program = Path(sys.executable).with_name("moto_server")
        self.daemon.start([program, "-H", "127.0.0.1", "-p", str(self.port)])
        self.daemon.wait_for(lambda: answers(self.port), _START_SECONDS)

    def stop(self) -> None:
        """End it."""
        self.daemon.stop(10)
