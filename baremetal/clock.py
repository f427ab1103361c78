"""The one seam through which time, sleep and chance come in."""

import random
import time
import uuid
from datetime import UTC, datetime, timedelta


class Clock:
    """The real clock; tests pass one of their own."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return datetime.now(UTC)

    def after(self, seconds: float) -> datetime:
        """The moment `seconds` from now."""
        return self.now() + timedelta(seconds=seconds)

    def monotonic(self) -> float:
        """Seconds that never go backwards."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        time.sleep(seconds)

    def new_uuid(self) -> str:
        """A random UUID."""
        return str(uuid.UUID(int=random.getrandbits(128), version=4))
