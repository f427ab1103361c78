"""Tests' way to a rack of virtual machines: the rack itself, and work within its network."""

import functools
import http.server
import multiprocessing
import os
import pty
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, Self, TypeVar

import pytest

from devstack.machines import network
from devstack.machines.description import ADDRESS, RackDescription, RackMachine
from devstack.machines.rack import Rack, RackUnavailableError, check_host

P = ParamSpec("P")
T = TypeVar("T")

ROOT = Path(__file__).parents[2]
#: How long anything may take on a machine that is busy with other things, seconds.
PATIENCE = 240.0


def needs_rack(description: RackDescription) -> None:
    """Skip the test, aloud, where there can be no such rack."""
    try:
        check_host(description)
    except RackUnavailableError as reason:
        pytest.skip(f"REAL MACHINES ARE NOT TESTED: {reason}")


class Inside:
    """A process within a rack's network; what is called runs there and comes back."""

    def __init__(self, rack: Rack) -> None:
        # Not forked: this process may have threads, and the driver's own must be born there.
        self._process = ProcessPoolExecutor(
            1, multiprocessing.get_context("spawn"), network.enter, (rack.pid,)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.shutdown(cancel_futures=True)

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the function returns or raises; it and its arguments can be pickled."""
        return self._process.submit(function, *args, **kwargs).result(PATIENCE)


def serve_files(folder: Path) -> str:
    """Serve a folder by HTTP on the rack's bridge, to be called inside; the URL."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    server = http.server.ThreadingHTTPServer((ADDRESS, 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://{ADDRESS}:{server.server_port}"


@contextmanager
def console(rack: Rack, machine: RackMachine) -> Iterator["Terminal"]:
    """Somebody at the machine's console, by ``devstack/rack console``."""
    ours, theirs = pty.openpty()
    words = ("-m", "devstack.machines", "--home", str(rack.home), "console", machine.name)
    command = [sys.executable, *words]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    try:
        terminal = Terminal(ours, process)
        terminal.wait_for("SOL Session operational")
        yield terminal
        terminal.leave()
    finally:
        process.kill()
        process.wait()
        os.close(ours)


class Terminal:
    """A person's terminal."""

    def __init__(self, master: int, process: "subprocess.Popen[bytes]") -> None:
        self._master = master
        self._process = process
        self._poll = select.poll()  # select() takes no descriptor above 1023
        self._poll.register(master, select.POLLIN)
        self.seen = ""

    def wait_for(self, text: str) -> None:
        """Return when `text` has been seen."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.seen:
            assert time.monotonic() < deadline, f"no '{text}' in:\n{self.seen}"
            if self._poll.poll(1000):
                self.seen += os.read(self._master, 4096).decode(errors="replace")

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._master, text.encode())

    def leave(self) -> None:
        """Leave the console as its user does."""
        self.type("\r~.")
        assert self._process.wait(PATIENCE) == 0
