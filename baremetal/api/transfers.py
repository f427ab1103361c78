"""Uploads and downloads that are under way: so many at a time and no more."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from baremetal.domain.errors import Unavailable


class Transfers:
    """Places for transfers, each of which holds a thread for as long as it lasts."""

    def __init__(self, most: int) -> None:
        """Let so many be under way."""
        self._places = threading.BoundedSemaphore(most)

    def enter(self) -> None:
        """Take a place; whoever does leaves it again.

        :raises Unavailable: there are as many as are allowed.
        """
        if not self._places.acquire(blocking=False):
            raise Unavailable(
                "Too many uploads and downloads are under way ([api] max_transfers). Retry later."
            )

    def leave(self) -> None:
        """Give a place back."""
        self._places.release()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Be one of them.

        :raises Unavailable: there are as many as are allowed.
        """
        self.enter()
        try:
            yield
        finally:
            self.leave()
