"""The whole plane as users run it: ``baremetal up`` in a process that tests may kill."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self
from weakref import WeakSet

import yaml

from devstack.ports import free_port

_ROOT = Path(__file__).parents[2]
_START_SECONDS = 30.0
_STOP_SECONDS = 20.0
_LOOK_SECONDS = 0.02


class PlaneFailedError(Exception):
    """The plane did not come up, or not down; the message ends with its log."""


class PlaneProcess:
    """`baremetal up` on one state directory; use it in a ``with``, or `start` and `stop` it.

    Without a `port` it gets a free one, which it keeps; 0 lets the plane itself choose one.
    `options` is the text of a configuration file, such as ``"[conductor]\\nworkers = 2"``.
    """

    #: All that were made and still are referred to, for the report of a failed test.
    alive: ClassVar["WeakSet[PlaneProcess]"] = WeakSet()

    def __init__(
        self,
        state_dir: Path,
        *,
        auth: str = "none",
        port: int | None = None,
        options: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.state_dir = state_dir
        self.auth = auth
        self.port = free_port() if port is None else port
        self.log_path = state_dir / "plane.log"
        self._options = options
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None
        self.alive.add(self)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.running:
            self.stop()

    @property
    def root_url(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The root of the API, without a slash at its end."""
        return f"{self.root_url}/baremetal"

    @property
    def clouds(self) -> Path:
        """The clouds.yaml that it made (`baremetal` is the entry)."""
        return self.state_dir / "clouds.yaml"

    @property
    def credentials(self) -> tuple[str, str] | None:
        """User name and password; None where authentication is off."""
        if self.auth == "none":
            return None
        auth = yaml.safe_load(self.clouds.read_text())["clouds"]["baremetal"]["auth"]
        return auth["username"], auth["password"]

    @property
    def pid(self) -> int:
        """Of the process that runs, or ran last."""
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Run it, and return when it says that it is ready.

        :raises PlaneFailedError: it ended, or took too long.
        """
        assert not self.running
        self.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        said = self.state_dir / "plane.out"
        with self.log_path.open("ab") as log, said.open("wb") as out:
            self._process = subprocess.Popen(
                self._command(),
                cwd=_ROOT,
                env={**_clean_environment(), **_backend(), **self._environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
                # Ctrl-C is for pytest, which then stops the plane in order.
                start_new_session=True,
            )
        self.port = self._wait_until_ready(said)

    def kill(self) -> None:
        """End it by SIGKILL, as a crash would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """Start it again on the same state directory and port; in order, where it still runs."""
        if self.running:
            self.stop()
        self.start()

    def stop(self) -> None:
        """End it by SIGTERM, as an administrator would.

        :raises PlaneFailedError: it does not end in time, or not with exit status 0.
        """
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            status = self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise PlaneFailedError(f"it did not end in {_STOP_SECONDS} s\n{self.log()}") from None
        if status != 0:
            raise PlaneFailedError(f"it ended with status {status}\n{self.log()}")

    def log(self, lines: int = 60) -> str:
        """The last lines of its log."""
        if not self.log_path.exists():
            return ""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def _command(self) -> list[str]:
        command = [sys.executable, "-m", "baremetal.cmd.main", "up"]
        command += ["--state-dir", str(self.state_dir), "--port", str(self.port)]
        command += ["--auth", self.auth]
        if self._options:
            file = self.state_dir / "test.conf"
            file.write_text(self._options)
            command += ["--config-file", str(file)]
        return command

    def _wait_until_ready(self, said: Path) -> int:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            ended = not self.running
            for line in said.read_text().splitlines(keepends=True):
                if line.startswith("ready ") and line.endswith("\n"):
                    return int(line.rstrip().rpartition(":")[2])
            if ended:
                raise PlaneFailedError(f"it ended at once\n{said.read_text()}{self.log()}")
            time.sleep(_LOOK_SECONDS)
        self.kill()
        raise PlaneFailedError(f"it is not ready after {_START_SECONDS} s\n{self.log()}")


def _backend() -> dict[str, str]:
    """Which back end of oslo.service planes run on, where another than threads is asked for."""
    wanted = os.environ.get("BAREMETAL_TESTS_BACKEND")
    return {"BAREMETAL_BACKEND": wanted} if wanted else {}


def _clean_environment() -> dict[str, str]:
    """Ours without what would lead a client or the plane elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
