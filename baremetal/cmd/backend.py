"""Chooses oslo.service's back end; must be the first import of every entry point.

oslo.messaging's import would otherwise choose eventlet, for good.
"""

import os
import warnings
from collections.abc import Callable

# Its resolver costs a fifth of a second to import, and resolves no better.
os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
# Libraries import eventlet on both back ends; its farewell is news to nobody.
warnings.filterwarnings("ignore", message="\\s*Eventlet is deprecated")

from oslo_service import backend  # noqa: E402

NAME = os.environ.get("BAREMETAL_BACKEND", "threading")

if NAME == "eventlet":
    import eventlet

    eventlet.monkey_patch()

backend.init_backend(backend.BackendType(NAME))


def from_handler(call: Callable[[], object]) -> None:
    """Make a call that a signal handler wants made; green threads cannot be switched in one."""
    if NAME == "eventlet":
        eventlet.hubs.get_hub().schedule_call_global(0, call)
    else:
        call()
