"""Rings conductors from a thread of its own, since a broker that is away makes callers wait."""

import threading
import time
from collections.abc import Callable

#: After a ring that did not go out; sweeps of the conductors find the work meanwhile.
_PAUSE_SECONDS = 1.0


class Doorbell:
    """Rings that come while one is being sent go out as one."""

    def __init__(self, send: Callable[[str, str], bool]) -> None:
        """Call `send` for a host and its conductor group; it says whether that went out."""
        self._send = send
        self._wanted: set[tuple[str, str]] = set()
        self._some = threading.Condition()
        self._thread: threading.Thread | None = None

    def ring(self, host: str, group: str) -> None:
        """Return at once; the ring follows, or is lost with the broker."""
        with self._some:
            self._wanted.add((host, group))
            if self._thread is None:
                # Not before it is wanted: a process may have forked since it was wired.
                self._thread = threading.Thread(target=self._loop, name="doorbell", daemon=True)
                self._thread.start()
            self._some.notify()

    def _loop(self) -> None:
        while True:
            with self._some:
                while not self._wanted:
                    self._some.wait()
                wanted, self._wanted = self._wanted, set()
            lost = [host for host, group in wanted if not self._send(host, group)]
            if lost:
                time.sleep(_PAUSE_SECONDS)
