"""The one seam through which time, sleep and chance come in."""

import random
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial


class Clock:
    """The real clock; tests pass one of their own."""

    #: The present moment, in UTC.
    now: Callable[[], datetime] = staticmethod(partial(datetime.now, UTC))
    #: Seconds that never go backwards.
    monotonic: Callable[[], float] = staticmethod(time.monotonic)

    def after(self, seconds: float) -> datetime:
        """The moment `seconds` from now."""
        return self.now() + timedelta(seconds=seconds)

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        time.sleep(seconds)

    def new_uuid(self) -> str:
        """A random UUID."""
        return str(uuid.UUID(int=random.getrandbits(128), version=4))
