"""A process that outlives whoever started it, known by its pid file."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

_LOOK_SECONDS = 0.05


class DaemonFailedError(Exception):
    """A process did not come up, or not down; the message ends with its log."""


class Daemon:
    """One process in a session of its own, with ``NAME.pid`` and ``NAME.log`` in its home."""

    def __init__(self, name: str, home: Path) -> None:
        """Take it up where an earlier process left it, if it still runs."""
        self.name = name
        self.log_path = home / f"{name}.log"
        self._pid_path = home / f"{name}.pid"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the process that runs, or ran last; 0 where there never was one."""
        return self._identity()[0]

    @property
    def running(self) -> bool:
        """Whether that very process lives, not another one with its number."""
        return self._process() is not None

    @property
    def status(self) -> int | None:
        """How it ended, as `subprocess` has it; None where it runs, or is no child of ours."""
        return None if self._child is None else self._child.poll()

    def children(self) -> list[int]:
        """The pids of the processes that it has started itself."""
        process = self._process()
        return [] if process is None else sorted(child.pid for child in process.children())

    def kill_child(self, pid: int) -> None:
        """End one of them by SIGKILL."""
        assert pid in self.children()  # noqa: S101 - a caller's mistake must not kill others
        psutil.Process(pid).kill()

    def start(
        self,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
        cwd: Path | None = None,
    ) -> None:
        """Run `command`, as `user` where one is given."""
        with self.log_path.open("ab") as log:
            self._child = subprocess.Popen(
                [str(word) for word in command],
                cwd=cwd,
                env=None if environment is None else dict(environment),
                user=user,
                group=user,
                extra_groups=[] if user else None,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        born = psutil.Process(self._child.pid).create_time()
        self._pid_path.write_text(f"{self._child.pid} {born}\n")

    def wait_for(self, ready: Callable[[], bool], seconds: float) -> None:
        """Return when `ready` says so.

        :raises DaemonFailedError: the process ended before, or it takes longer than `seconds`.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if ready():
                return
            if not self.running:
                raise DaemonFailedError(f"{self.name} ended at once:\n{self.log()}")
            time.sleep(_LOOK_SECONDS)
        raise DaemonFailedError(f"{self.name} is not ready after {seconds:.0f} s:\n{self.log()}")

    def send(self, number: int) -> None:
        """Send a signal; nothing happens where the process is gone."""
        process = self._process()
        if process is not None:
            process.send_signal(number)

    def stop(self, seconds: float = 30.0, number: int = signal.SIGTERM) -> None:
        """End it in order, and by force what is still there after `seconds`."""
        process = self._process()
        if process is None:
            return
        family = [process, *process.children(recursive=True)]
        process.send_signal(number)
        _, alive = psutil.wait_procs(family, timeout=seconds)
        _kill(alive)
        self._reap()

    def kill(self) -> None:
        """End it and all that it started by SIGKILL, as a crash of the machine would."""
        process = self._process()
        if process is not None:
            _kill([process, *process.children(recursive=True)])
        self._reap()

    def log(self, lines: int = 40) -> str:
        """The last lines of its log."""
        if not self.log_path.exists():
            return ""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def _identity(self) -> tuple[int, float]:
        if not self._pid_path.exists():
            return 0, 0.0
        pid, born = self._pid_path.read_text().split()
        return int(pid), float(born)

    def _process(self) -> psutil.Process | None:
        pid, born = self._identity()
        try:
            process = psutil.Process(pid) if pid else None
            if process is None or process.create_time() != born:
                return None
            return None if process.status() == psutil.STATUS_ZOMBIE else process
        except psutil.NoSuchProcess:
            return None

    def _reap(self) -> None:
        if self._child is not None:
            self._child.wait()


def give_to(user: str | None, *paths: Path) -> None:
    """Make `user` the owner of `paths`; without a user they stay ours."""
    for path in paths:
        if user:
            shutil.chown(path, user, user)


def unprivileged(user: str) -> str | None:
    """`user` if we are root, for servers that refuse to be; else None: they run as we do."""
    return user if os.geteuid() == 0 else None


def _kill(family: Sequence[psutil.Process]) -> None:
    # First stopped, so that none replaces a child that it misses.
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for process in family:
            try:
                process.send_signal(number)
            except psutil.NoSuchProcess:
                continue
    psutil.wait_procs(family, timeout=10)
