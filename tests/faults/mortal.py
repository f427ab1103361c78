"""An operation store that dies at one of its writes."""

from collections.abc import Callable
from typing import Any, TypeVar

from baremetal.db.database import Database
from baremetal.db.operations import OperationStore
from baremetal.domain.operation import Operation

BEFORE, AFTER = "before", "after"

T = TypeVar("T")


class Killed(BaseException):
    """The process is gone: nothing catches this, nothing cleans up after it."""


class MortalStore(OperationStore):
    """Counts what conductors commit, and dies `when` the `at`-th of it is due."""

    def __init__(
        self, db: Database, at: int = 0, when: str = BEFORE, die: Callable[[], None] | None = None
    ) -> None:
        super().__init__(db)
        self.count = 0
        self._at, self._when = at, when
        self._die = die or _vanish

    def claim(self, *args: Any, **rest: Any) -> list[Operation]:
        # A look at an empty queue commits nothing.
        claimed = super().claim(*args, **rest)
        if claimed:
            self._commit(AFTER, lambda: None)
        return claimed

    def checkpoint(self, *args: Any) -> None:
        self._commit(self._when, lambda: super(MortalStore, self).checkpoint(*args))

    def suspend(self, *args: Any) -> None:
        self._commit(self._when, lambda: super(MortalStore, self).suspend(*args))

    def finish(self, *args: Any) -> None:
        self._commit(self._when, lambda: super(MortalStore, self).finish(*args))

    def _commit(self, when: str, write: Callable[[], None]) -> None:
        self.count += 1
        due = self.count == self._at
        if due and when == BEFORE:
            self._die()
        write()
        if due:
            self._die()


def _vanish() -> None:
    raise Killed
