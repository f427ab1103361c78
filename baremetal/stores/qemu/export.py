"""A qemu-nbd for one object: its process is bounded, its secrets are in no list of processes."""

import contextlib
import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from baremetal.clock import Clock
from baremetal.domain.errors import InvalidInput, Unavailable
from baremetal.stores.abilities import BlockNode
from baremetal.stores.contract import Bytes, Extent
from baremetal.stores.errors import StoreError
from baremetal.stores.qemu.nbd import LARGEST, NbdClient, NbdError

_PIECE: Final = 1 << 20
_START_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.01
_END_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a process of QEMU may take."""

    #: Bytes of address space; None: no limit (libraries of clusters reserve much).
    memory: int | None = 2 << 30
    #: Seconds of processor time.
    cpu: int | None = 4 * 3600
    #: Seconds that one request may take.
    patience: float = 120.0


def bounded(limits: Limits, command: list[str]) -> list[str]:
    """`command`, which then cannot take more.

    :raises InvalidInput: the program is not installed.
    """
    for program in ("prlimit", command[0]):
        if shutil.which(program) is None:
            raise InvalidInput(
                f"{program} is not installed; Debian has it in "
                f"{'util-linux' if program == 'prlimit' else 'qemu-utils'}."
            )
    bounds = []
    if limits.memory is not None:
        bounds.append(f"--as={limits.memory}")
    if limits.cpu is not None:
        bounds.append(f"--cpu={limits.cpu}")
    return ["prlimit", "--core=0", *bounds, *command]


def secret_file(text: str) -> int:
    """A descriptor of a file in memory that holds `text`: nobody else can open it by name."""
    fd = os.memfd_create("secret", os.MFD_CLOEXEC)
    os.write(fd, text.encode())
    return fd


def secret_objects(node: BlockNode) -> tuple[list[str], list[int]]:
    """Arguments that give QEMU the secrets of a node, and the descriptors to pass and close."""
    words, files = [], []
    for name, secret in node.secrets.items():
        fd = secret_file(secret)
        files.append(fd)
        words += ["--object", f"secret,id={name},file=/proc/self/fd/{fd}"]
    return words, files


class Export:
    """An object as QEMU sees it, by ranges, for several threads. Close it."""

    def __init__(
        self,
        node: BlockNode,
        *,
        writable: bool = False,
        connections: int = 8,
        limits: Limits | None = None,
        files: tuple[int, ...] = (),
        size: int | None = None,
    ) -> None:
        """Start it; `files` are descriptors that `node` names as ``/proc/self/fd/N``.

        `size` is what the caller knows better: NBD rounds it up to sectors.

        :raises StoreError: QEMU cannot open it, and says why.
        """
        self._limits = limits or Limits()
        self._clock = Clock()
        # Asked for holes in the last part of a sector, QEMU 7.2 fails an assertion and ends.
        self._structured = size is None or size % 512 == 0
        self._folder = Path(tempfile.mkdtemp(prefix="baremetal-nbd-"))
        self._idle: queue.SimpleQueue[NbdClient] = queue.SimpleQueue()
        self._slots = threading.Semaphore(connections)
        self._all: list[NbdClient] = []
        self._process = self._start(node, connections, files, writable=writable)
        # At the latest when this process ends in order.
        self._sweep = weakref.finalize(self, _sweep, self._process, self._folder)
        try:
            first = self._another()
        except BaseException:
            self.close()
            raise
        self.size = first.size if size is None else size
        self._idle.put(first)

    @property
    def _path(self) -> str:
        return str(self._folder / "s")

    def _start(
        self, node: BlockNode, connections: int, files: tuple[int, ...], *, writable: bool
    ) -> subprocess.Popen[bytes]:
        # Not persistent: it ends when the last connection does, so even ``kill -9`` of this
        # process leaves nothing running.
        objects, secrets = secret_objects(node)
        kept = [*files, *secrets]
        command = ["qemu-nbd", f"--shared={connections}", f"--socket={self._path}"]
        command += [*objects, "--cache=writeback", "--discard=unmap"]
        command += [] if writable else ["--read-only"]
        command.append("json:" + json.dumps(node.node))
        try:
            with (self._folder / "said").open("wb") as said:
                return subprocess.Popen(  # noqa: S603 - no shell, and no word of it is free
                    bounded(self._limits, command),
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    pass_fds=kept,
                )
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        finally:
            for fd in secrets:
                os.close(fd)

    def _connect(self) -> NbdClient:
        deadline = self._clock.monotonic() + _START_SECONDS
        while True:
            try:
                client = self._new_client()
            except (FileNotFoundError, ConnectionRefusedError, ConnectionResetError):
                if self._process.poll() is not None:
                    raise StoreError(f"QEMU cannot open it: {self._said()}") from None
                if self._clock.monotonic() > deadline:
                    raise Unavailable("QEMU does not come to an end of opening it.") from None
                self._clock.sleep(_LOOK_SECONDS)
                continue
            self._all.append(client)
            return client

    def _another(self) -> NbdClient:
        try:
            return self._connect()
        except OSError as error:
            raise Unavailable(f"QEMU lets nobody in: {error}; {self._said()}") from error

    def _new_client(self) -> NbdClient:
        return NbdClient(self._path, self._limits.patience, structured=self._structured)

    def _said(self) -> str:
        lines = (self._folder / "said").read_text(errors="replace").strip().splitlines()
        text = lines[-1] if lines else f"it ended with {self._process.returncode}"
        # Its words, without the whole of what it was asked to open.
        return text.removeprefix("qemu-nbd: ").rpartition("}': ")[2][-500:]

    @contextmanager
    def client(self) -> Iterator[NbdClient]:
        """A connection of one's own for a while.

        :raises Unavailable: QEMU has gone.
        """
        with self._slots:
            try:
                client = self._idle.get_nowait()
            except queue.Empty:
                client = self._another()
            try:
                yield client
            except OSError as error:
                client.close()
                raise Unavailable(f"QEMU has gone: {error}; {self._said()}") from error
            except BaseException:
                self._idle.put(client)
                raise
            self._idle.put(client)

    def read(self, start: int, length: int | None = None) -> Generator[Bytes, None, None]:
        """The bytes from `start`, in pieces."""
        end = self.size if length is None else min(start + length, self.size)
        while start < end:
            step = min(_PIECE, end - start)
            with self.client() as client:
                piece = client.read(start, step)
            yield piece
            start += step

    def write(self, position: int, data: Bytes) -> None:
        """Put `data` at `position`."""
        view = memoryview(data)
        with self.client() as client:
            while view:
                client.write(position, view[:LARGEST])
                position += len(view[:LARGEST])
                view = view[LARGEST:]

    def zeroes(self, position: int, length: int) -> None:
        """Let zeros stand there."""
        with self.client() as client:
            client.zeroes(position, length)

    def flush(self) -> None:
        """Return when all that was written is where it lasts."""
        with self.client() as client:
            client.flush()

    def extents(self, start: int = 0) -> Iterator[Extent]:
        """Runs of data from `start` on."""
        with self.client() as client:
            yield from client.extents(start)

    def close(self) -> None:
        """End the process."""
        for client in self._all:
            with contextlib.suppress(OSError):
                client.close()
        # It ends by itself when nobody is connected any more, and lets go of what it holds.
        if not self._all:
            self._process.terminate()
        for ending in (self._process.poll, self._process.terminate, self._process.kill):
            ending()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_SECONDS)
                break
        self._sweep()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


def _sweep(process: "subprocess.Popen[bytes]", folder: Path) -> None:
    process.kill()
    process.wait()
    shutil.rmtree(folder, ignore_errors=True)


def image_node(fd: int, driver: str) -> BlockNode:
    """An image in an open file, of a format that was told by ourselves; it names no other file."""
    node: dict[str, Any] = {
        "driver": driver,
        "file": {"driver": "file", "filename": f"/proc/self/fd/{fd}", "locking": "off"},
    }
    if driver == "qcow2":
        node["backing"] = None
    return BlockNode(node)


__all__ = ["BlockNode", "Export", "Limits", "NbdError", "bounded", "image_node"]
