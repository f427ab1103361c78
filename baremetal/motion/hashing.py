"""Digests of bytes as they pass: in the same pass as the copy, in threads beside it."""

import hashlib
import os
import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import blake3

from baremetal.domain.errors import InvalidInput
from baremetal.stores import Bytes

#: Fits into a core's own cache, so that what was read is still there to be hashed.
_READ: Final = 1 << 17
_ZEROS: Final = bytes(1 << 20)
#: What is smaller is hashed at once: a thread would cost more than it brings.
_THREAD_FROM: Final = 1 << 20
#: Jobs that may wait; with the usual pieces of 4 MiB, 32 MiB.
_AHEAD: Final = 8


@dataclass(frozen=True, slots=True)
class InFile:
    """Bytes that a file holds already, to be read from there."""

    fd: int
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Zeros:
    """A hole."""

    length: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A call with the digests of all that came before it."""

    call: Callable[[dict[str, str]], None]


Job = Bytes | InFile | Zeros | Mark


class Digests:
    """Several digests of one stream of bytes."""

    def __init__(self, algorithms: Iterable[str], _state: dict[str, Any] | None = None) -> None:
        """Begin with nothing.

        :raises InvalidInput: there is no such algorithm.
        """
        self._hashes = {name: _new(name) for name in algorithms} if _state is None else _state

    def __bool__(self) -> bool:
        return bool(self._hashes)

    def update(self, data: Bytes) -> None:
        """Take the next bytes."""
        for each in self._hashes.values():
            each.update(data)

    def zeros(self, length: int) -> None:
        """Take `length` zeros."""
        view = memoryview(_ZEROS)
        while length > 0:
            self.update(view[:length])
            length -= len(view)

    def file(self, fd: int, start: int, length: int) -> None:
        """Take what stands in a file."""
        buffer = bytearray(min(_READ, max(length, 1)))
        view = memoryview(buffer)
        end = start + length
        while start < end:
            got = os.preadv(fd, [view[: end - start]], start)
            if not got:
                raise InvalidInput(f"The file ended at {start}, {end - start} bytes too early.")
            self.update(view[:got])
            start += got

    def hexdigests(self) -> dict[str, str]:
        """The digests of what has come so far."""
        return {name: each.hexdigest() for name, each in self._hashes.items()}

    def each(self) -> "list[Digests]":
        """Each digest by itself: what is fed to it is fed to this one too."""
        return [Digests((), {name: one}) for name, one in self._hashes.items()]

    def copy(self) -> "Digests":
        """Another one that goes on from here by itself."""
        return Digests((), {name: each.copy() for name, each in self._hashes.items()})

    def take(self, job: Job) -> None:
        """Do a job."""
        if isinstance(job, Mark):
            job.call(self.hexdigests())
        elif not self._hashes:
            return
        elif isinstance(job, InFile):
            self.file(job.fd, job.start, job.length)
        elif isinstance(job, Zeros):
            self.zeros(job.length)
        else:
            self.update(job)


def _new(name: str) -> Any:
    if name == "blake3":
        return blake3.blake3()
    try:
        if name in _OFFERED:
            # A name costs more to look up than a small object to hash.
            return getattr(hashlib, name)(usedforsecurity=False)
        return hashlib.new(name, usedforsecurity=False)
    except ValueError:
        raise InvalidInput(
            f"'{name}' is no digest. There are blake3, {', '.join(sorted(_OFFERED))}."
        ) from None


_OFFERED: Final = ("md5", "sha1", "sha256", "sha384", "sha512", "blake2b")


class Hasher:
    """Takes jobs in order and does them at once: for what is too small for a thread."""

    def __init__(self, digests: Digests) -> None:
        """Feed `digests`."""
        self._digests = digests

    def feed(self, job: Job) -> None:
        """Take the next job."""
        self._digests.take(job)

    def finish(self) -> dict[str, str]:
        """The digests of all that was fed."""
        return self._digests.hexdigests()

    def stop(self) -> None:
        """Let go, whatever is left."""


class HashThreads(Hasher):
    """Does the jobs in a thread for each digest, while the next bytes are copied."""

    def __init__(self, digests: Digests) -> None:
        """Start the threads."""
        super().__init__(digests)
        self._error: Exception | None = None
        self._threads = [_start(self._run, each) for each in digests.each()]

    def feed(self, job: Job) -> None:
        """Take the next job; wait where a thread is far behind."""
        if self._error is not None:
            raise self._error
        if isinstance(job, Mark):
            job = Mark(_Gathered(job.call, len(self._threads)))
        for _, jobs in self._threads:
            jobs.put(job)

    def finish(self) -> dict[str, str]:
        self.stop()
        if self._error is not None:
            raise self._error
        return super().finish()

    def stop(self) -> None:
        """Let the threads end when they have done their jobs."""
        for thread, jobs in self._threads:
            if thread.is_alive():
                jobs.put(None)
        for thread, _ in self._threads:
            thread.join()

    def _run(self, digests: Digests, jobs: "queue.Queue[Job | None]") -> None:
        while (job := jobs.get()) is not None:
            if self._error is None:
                try:
                    digests.take(job)
                except Exception as error:  # noqa: BLE001 - it is raised to whoever feeds
                    self._error = error


class _Gathered:
    """Calls when all threads have come to a mark."""

    def __init__(self, call: Callable[[dict[str, str]], None], missing: int) -> None:
        self._call = call
        self._missing = missing
        self._found: dict[str, str] = {}
        self._lock = threading.Lock()

    def __call__(self, found: dict[str, str]) -> None:
        with self._lock:
            self._found |= found
            self._missing -= 1
            if self._missing:
                return
        self._call(self._found)


def _start(
    run: Callable[[Digests, "queue.Queue[Job | None]"], None], digests: Digests
) -> tuple[threading.Thread, "queue.Queue[Job | None]"]:
    jobs: queue.Queue[Job | None] = queue.Queue(_AHEAD)
    thread = threading.Thread(target=run, args=(digests, jobs), name="motion-hash", daemon=True)
    thread.start()
    return thread, jobs


def hasher_of(digests: Digests, size: int | None) -> Hasher:
    """What feeds `digests` best with so many bytes; None: nobody knows how many."""
    beside = size is None or size > _THREAD_FROM
    return HashThreads(digests) if digests and beside else Hasher(digests)
