"""Chooses oslo.service's back end; must be the first import of every entry point.

oslo.messaging's import would otherwise choose eventlet, for good.
"""

import os
import threading
import warnings

# Its resolver costs a fifth of a second to import, and resolves no better.
os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
# Libraries import eventlet on both back ends; its farewell is news to nobody.
warnings.filterwarnings("ignore", message="\\s*Eventlet is deprecated")

from oslo_service import backend  # noqa: E402

_LOOK_SECONDS = 0.2

NAME = os.environ.get("BAREMETAL_BACKEND", "threading")

if NAME == "eventlet":
    import eventlet

    eventlet.monkey_patch()

backend.init_backend(backend.BackendType(NAME))


class Told:
    """Something that a signal handler tells the main thread."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._said = False
        self._event = threading.Event()

    def tell(self, *_: object) -> None:
        """Say it; green threads can neither be switched nor woken by a handler."""
        self._said = True
        if NAME != "eventlet":
            self._event.set()

    def wait(self) -> None:
        """Return when it was said."""
        # Not without an end: where the system gives the signal to another thread, Python calls
        # the handler only once this one is awake.
        while not self._said:
            self._event.wait(_LOOK_SECONDS)
