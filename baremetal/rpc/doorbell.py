"""Rings conductors from a thread of its own, since a broker that is away makes callers wait."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from math import inf

from baremetal.domain.errors import Unavailable

LOG = logging.getLogger(__name__)

#: After a ring that did not go out; sweeps of the conductors find the work meanwhile.
_PAUSE_SECONDS = 1.0

#: In a storm of rings, those of so long go out together; else each at once. A busy conductor looks
#: for work whenever it has ended some, and to send and hear a ring costs both sides a millisecond.
_STORM_SECONDS = 0.1
#: So many rings within that time are a storm.
_STORM = 5

#: A conductor group, and a driver and slot of its ring; without these, any conductor of it.
Door = tuple[str, str | None, int | None]


class Doorbell:
    """Rings that come while others are being sent go out together."""

    def __init__(self, send: Callable[[Collection[Door]], bool]) -> None:
        """Call `send` for some places; it says whether all went out."""
        self._send = send
        self._wanted: set[Door] = set()
        #: When the last ones came.
        self._came: deque[float] = deque((-inf,), maxlen=_STORM)
        self._some = threading.Condition()
        self._thread: threading.Thread | None = None

    def ring(self, group: str, driver: str | None = None, slot: int | None = None) -> None:
        """Return at once; the ring follows, or is lost with the broker."""
        with self._some:
            self._wanted.add((group, driver, slot))
            self._came.append(time.monotonic())
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
            try:
                sent = self._send(wanted)
            except Unavailable as error:
                LOG.warning("nobody was rung: %s", error.message)
                sent = False
            except Exception:
                LOG.exception("nobody was rung")
                sent = False
            if not sent:
                time.sleep(_PAUSE_SECONDS)
            elif time.monotonic() - self._came[0] < _STORM_SECONDS:
                time.sleep(_STORM_SECONDS)
