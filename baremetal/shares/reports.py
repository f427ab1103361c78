"""What a share service tells the scheduler of its backends, every so often."""

import logging
import threading
from typing import Any, Final

from baremetal.clock import Clock
from baremetal.db.share_backends import BackendStore
from baremetal.domain.errors import BaremetalError, Unavailable
from baremetal.shares.backends import Backend, Backends

LOG = logging.getLogger(__name__)

#: So many reports may be missing before others believe a service dead.
_MISSED: Final = 3


class Reports:
    """A thread for each backend: one that hangs keeps none of the others silent."""

    def __init__(
        self, backends: Backends, store: BackendStore, zone: str, seconds: float, clock: Clock
    ) -> None:
        """Report all `seconds`."""
        self._backends = list(backends.all.values())
        self._store = store
        self._zone = zone
        self._seconds = seconds
        self._clock = clock
        self._checked: set[str] = set()
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._loop, args=(one,), name=f"reports {name}", daemon=True)
            for name, one in backends.all.items()
        ]

    def start(self) -> None:
        """Report once, and go on in threads.

        :raises Unavailable: the database does not answer.
        """
        self.report()
        for thread in self._threads:
            thread.start()

    def stop(self, service: str, grace: float | None = None) -> None:
        """End, and say so; a storage that does not answer is waited for `grace` seconds."""
        self._stopping.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(grace)
        try:
            self._store.leave(service, self._clock.now())
        except Unavailable as error:
            LOG.warning("cannot say that this service ends: %s", error.message)

    def report(self) -> None:
        """Say now how all backends are.

        :raises Unavailable: the database does not answer.
        """
        for backend in self._backends:
            self._report(backend)

    def _report(self, backend: Backend) -> None:
        place = backend.place
        # Before the storage is asked: what comes meanwhile counts twice rather than not at all.
        then = self._store.allocated(str(place))
        values: dict[str, Any] = {"problem": None, "allocated_then": then}
        try:
            if place.backend not in self._checked:
                backend.check()
                self._checked.add(place.backend)
            values |= backend.report()
        except BaremetalError as error:
            LOG.warning("backend %s: %s", place.backend, error.message)
            self._checked.discard(place.backend)
            values = {"problem": error.message}
        about = {"service": place.service, "backend": place.backend}
        said = {**about, "availability_zone": self._zone, **values}
        self._store.report(str(place), said, self._clock.now(), _MISSED * self._seconds)

    def _loop(self, backend: Backend) -> None:
        while not self._stopping.wait(self._seconds):
            try:
                self._report(backend)
            except Unavailable as error:
                LOG.warning("cannot report: %s", error.message)
            except Exception:
                LOG.exception("cannot report")
