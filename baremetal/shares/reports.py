"""What a share service tells the scheduler of its backends, every so often."""

import logging
import threading
from typing import Any, Final

from baremetal.clock import Clock
from baremetal.db.share_backends import BackendStore
from baremetal.db.share_messages import MessageStore
from baremetal.domain.errors import BaremetalError, Unavailable
from baremetal.shares.backends import Backend, Backends

LOG = logging.getLogger(__name__)

#: So many reports may be missing before others believe a service dead.
_MISSED: Final = 3


class Reports:
    """A thread that reports."""

    def __init__(
        self,
        backends: Backends,
        store: BackendStore,
        messages: MessageStore,
        zone: str,
        seconds: float,
        clock: Clock,
    ) -> None:
        """Report all `seconds`."""
        self._backends = backends
        self._store = store
        self._messages = messages
        self._zone = zone
        self._seconds = seconds
        self._clock = clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="reports", daemon=True)

    def start(self) -> None:
        """Report once, and go on in a thread.

        :raises Unavailable: the database does not answer.
        """
        self.report()
        self._thread.start()

    def stop(self, service: str) -> None:
        """End, and say so."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        try:
            self._store.leave(service, self._clock.now())
        except Unavailable as error:
            LOG.warning("cannot say that this service ends: %s", error.message)

    def report(self) -> None:
        """Say now how all backends are.

        :raises Unavailable: the database does not answer.
        """
        for backend in self._backends.all.values():
            self._report(backend)

    def _report(self, backend: Backend) -> None:
        place = backend.place
        # Before the storage is asked: what comes meanwhile counts twice rather than not at all.
        then = self._store.allocated(str(place))
        values: dict[str, Any] = {"problem": None, "allocated_then": then}
        try:
            values |= backend.report()
        except BaremetalError as error:
            LOG.warning("backend %s: %s", place.backend, error.message)
            values = {"problem": error.message}
        about = {"service": place.service, "backend": place.backend}
        said = {**about, "availability_zone": self._zone, **values}
        self._store.report(str(place), said, self._clock.now(), _MISSED * self._seconds)

    def _loop(self) -> None:
        while not self._stopping.wait(self._seconds):
            try:
                self.report()
                self._messages.prune(self._clock.now())
            except Unavailable as error:
                LOG.warning("cannot report: %s", error.message)
            except Exception:
                LOG.exception("cannot report")
