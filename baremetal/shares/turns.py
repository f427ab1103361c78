"""One at a time at one share: drivers are promised that."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """Locks by name, which are there as long as somebody has or wants them."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._turns: dict[str, tuple[threading.Lock, int]] = {}

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Wait until nobody else is within the block for this name."""
        with self._lock:
            turn, waiting = self._turns.get(name, (threading.Lock(), 0))
            self._turns[name] = turn, waiting + 1
        try:
            with turn:
                yield
        finally:
            with self._lock:
                turn, waiting = self._turns.pop(name)
                if waiting > 1:
                    self._turns[name] = turn, waiting - 1
