"""Which BMCs are left in peace for a while, after what, and for how long. Pure."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from baremetal.drivers.bmc.errors import BmcAuthenticationFailed, BmcError

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds of the first pause, which doubles with each further failure up to `cap`."""

    first: float
    cap: float

    def pause(self, failures: int) -> float:
        """How long to wait after the n-th failure in a row, n from 1."""
        # Beyond 2**30 the product says nothing, and at 2**1024 it overflows.
        return min(self.first * 2.0 ** min(failures - 1, 30), self.cap)


SILENT: Final = Pace(first=15.0, cap=600.0)
#: Slower, because wrong passwords lock accounts.
REFUSED: Final = Pace(first=60.0, cap=1800.0)


@dataclass(slots=True)
class _Entry:
    failures: int
    until: float
    error: BmcError


class BackOffList(Generic[Key]):
    """The BMCs that failed, each with its last error. `now` is in seconds that never go back."""

    def __init__(self, silent: Pace = SILENT, refused: Pace = REFUSED) -> None:
        self._silent = silent
        self._refused = refused
        self._entries: dict[Key, _Entry] = {}

    def record(self, key: Key, error: BmcError, now: float) -> int:
        """Add a failure; how many in a row that makes."""
        entry = self._entries.get(key)
        failures = entry.failures + 1 if entry else 1
        pace = self._refused if isinstance(error, BmcAuthenticationFailed) else self._silent
        self._entries[key] = _Entry(failures, now + pace.pause(failures), error)
        return failures

    def forgive(self, key: Key) -> bool:
        """Take a BMC that answered off the list; whether it was on it."""
        return self._entries.pop(key, None) is not None

    def refusal(self, key: Key, now: float) -> BmcError | None:
        """The error to hand out instead of trying now; None when a try is due."""
        entry = self._entries.get(key)
        if entry is None or now >= entry.until:
            return None
        wait = entry.until - now
        error = type(entry.error)(f"{entry.error.message} Next try in {wait:.0f} s.")
        vars(error).update(vars(entry.error))
        error.next_try_in = wait
        return error

    def prune(self, now: float) -> None:
        """Forget BMCs that nobody has tried for long after their pause: they have left."""
        for key in [key for key, entry in self._entries.items() if now > entry.until + 3600.0]:
            del self._entries[key]

    def waiting(self, now: float) -> int:
        """How many BMCs are left in peace now; any thread may ask."""
        return sum(entry.until > now for entry in list(self._entries.values()))
