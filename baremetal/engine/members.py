"""The conductors that are alive, and which of them looks after which nodes."""

import itertools
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence

from baremetal.clock import Clock
from baremetal.db.conductors import ConductorStore
from baremetal.db.nodes import Share
from baremetal.db.types import stamp
from baremetal.domain.catalog import HardwareInfo
from baremetal.domain.errors import InvalidInput
from baremetal.domain.node import SLOTS
from baremetal.domain.ring import Ring

#: How old this knowledge may be, seconds; and before somebody is refused because of it.
_AGE = 2.0
_AGE_OF_REFUSAL = 0.1


class Members:
    """The conductors and their hardware types, looked up at most every two seconds."""

    def __init__(self, store: ConductorStore, clock: Clock) -> None:
        """Read from `store`."""
        self._store = store
        self._clock = clock
        self._read_at = float("-inf")
        self._rows: list[dict[str, object]] = []
        self._hardware: dict[tuple[str, str], HardwareInfo] = {}
        self._hosts: dict[tuple[str, str], list[str]] = {}
        self._rings: dict[tuple[str, str], Ring] = {}
        self._turn = itertools.count()
        self._groups: dict[str, Sequence[str]] = {}
        self._lock = threading.Lock()

    def rows(self) -> list[dict[str, object]]:
        """All conductors, each with ``alive``."""
        self._refresh()
        return self._rows

    def hardware(self, name: str, group: str = "") -> HardwareInfo:
        """A hardware type as the conductors of a group have it.

        :raises InvalidInput: no conductor that is alive has it.
        """
        self._refresh()
        found = self._hardware.get((group, name))
        if found is None:
            # A conductor may have come a moment ago.
            self._refresh(_AGE_OF_REFUSAL)
            found = self._hardware.get((group, name))
        if found is None:
            known = sorted({n for g, n in self._hardware if g == group})
            raise InvalidInput(
                "No valid host was found. Reason: No conductor service registered which supports "
                f'driver {name} for conductor group "{group}". Drivers there: '
                f"{', '.join(known) or 'none'}."
            )
        return found

    def hardware_types(self) -> Mapping[str, HardwareInfo]:
        """All hardware types of all groups, by name."""
        self._refresh()
        return {name: info for (_, name), info in sorted(self._hardware.items())}

    def host_for(self, driver: str, group: str, slot: int) -> str | None:
        """The conductor that looks after a node; None where none is alive that could."""
        self._refresh()
        ring = self._rings.get((group, driver))
        return None if ring is None else ring.hosts[slot]

    def host_in(self, group: str, slot: int | None) -> str | None:
        """The conductor of a group that has a slot, or any of them; None where none is alive."""
        self._refresh()
        hosts = self._groups.get(group)
        if not hosts:
            return None
        return hosts[next(self._turn) % SLOTS if slot is None else slot]

    def shares(self, hostname: str) -> tuple[Share, ...]:
        """The nodes that a conductor looks after."""
        self._refresh()
        found = []
        for (group, driver), ring in sorted(self._rings.items()):
            slots = ring.slots(hostname)
            if slots:
                found.append(Share(driver, group, slots if len(slots) < SLOTS else None))
        return tuple(found)

    def _refresh(self, age: float = _AGE) -> None:
        if self._clock.monotonic() - self._read_at < age:
            return
        with self._lock:
            if self._clock.monotonic() - self._read_at < age:
                return
            now = stamp(self._clock.now())
            rows = self._store.all()
            hardware = {}
            hosts: dict[tuple[str, str], list[str]] = defaultdict(list)
            for row in rows:
                row["alive"] = row["lease_until"] > now
                if row["alive"]:
                    for name, data in row["drivers"].items():
                        key = (row["conductor_group"], name)
                        hardware[key] = HardwareInfo.from_data(name, data)
                        hosts[key].append(row["hostname"])
            if hosts != self._hosts:
                self._hosts, self._rings = hosts, {key: Ring(some) for key, some in hosts.items()}
                self._groups = _by_slot(hosts)
            self._rows, self._hardware = rows, hardware
            self._read_at = self._clock.monotonic()


def _by_slot(hosts: Mapping[tuple[str, str], list[str]]) -> dict[str, Sequence[str]]:
    """The conductor at each slot of a group, whatever its drivers are."""
    of_group: dict[str, set[str]] = defaultdict(set)
    for (group, _), some in hosts.items():
        of_group[group].update(some)
    return {group: Ring(some).hosts for group, some in of_group.items()}
