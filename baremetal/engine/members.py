"""The conductors that are alive, and which of them looks after which nodes."""

import itertools
import threading
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from baremetal.clock import Clock
from baremetal.db.conductors import ConductorStore
from baremetal.db.nodes import Share
from baremetal.db.types import stamp
from baremetal.domain.catalog import HardwareInfo
from baremetal.domain.errors import InvalidInput, Unavailable
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
            if not self._groups.get(group) and any(
                row["conductor_group"] == group for row in self._rows
            ):
                raise Unavailable(
                    f'No conductor of group "{group}" is alive at the moment. '
                    "Retry later; `conductor list` tells when they were heard of last."
                )
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

    def host_in(self, group: str, driver: str | None, slot: int | None) -> str | None:
        """Who of a group has a driver and a slot, else any of it; None where none is alive."""
        if driver is not None and slot is not None:
            return self.host_for(driver, group, slot)
        self._refresh()
        hosts = self._groups.get(group)
        return hosts[next(self._turn) % len(hosts)] if hosts else None

    def foreign(self, hostname: str, group: str) -> Collection[str]:
        """The hardware types that others of a group have, and this conductor has not."""
        self._refresh()
        return {
            driver
            for (where, driver), hosts in self._hosts.items()
            if where == group and hostname not in hosts
        }

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
                self._groups = _by_group(hosts)
            self._rows, self._hardware = rows, hardware
            self._read_at = self._clock.monotonic()


def _by_group(hosts: Mapping[tuple[str, str], list[str]]) -> dict[str, Sequence[str]]:
    """The conductors of each group, whatever their drivers are."""
    of_group: dict[str, set[str]] = defaultdict(set)
    for (group, _), some in hosts.items():
        of_group[group].update(some)
    return {group: sorted(some) for group, some in of_group.items()}
