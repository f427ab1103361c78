"""What the API has at hand, wired once per process."""

import threading
from collections.abc import Mapping
from typing import Protocol

from oslo_config import cfg

from baremetal.auth.identity import Identity
from baremetal.clock import Clock
from baremetal.db.conductors import ConductorStore
from baremetal.db.database import Database
from baremetal.db.events import EventLog
from baremetal.db.nodes import NodeStore
from baremetal.db.operations import OperationStore
from baremetal.db.types import stamp
from baremetal.db.vault import Vault
from baremetal.domain.catalog import HardwareInfo
from baremetal.domain.errors import InvalidInput
from baremetal.engine.submit import Submitter
from baremetal.rpc.conductor import ConductorClient

#: How old the API's knowledge of conductors may be, seconds.
_MEMBERS_AGE = 2.0


class Authenticator(Protocol):
    """Says who is asking."""

    challenge: str

    def identify(self, header: str | None, /) -> Identity:
        """The caller behind an ``Authorization`` header."""
        ...


class Members:
    """The conductors and their hardware types, looked up at most every two seconds."""

    def __init__(self, store: ConductorStore, clock: Clock) -> None:
        """Read from `store`."""
        self._store = store
        self._clock = clock
        self._read_at = float("-inf")
        self._rows: list[dict[str, object]] = []
        self._hardware: dict[tuple[str, str], HardwareInfo] = {}
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

    def host_for(self, driver: str, group: str) -> str | None:
        """The conductor that answers for nodes of a driver and group; None where none is alive."""
        self._refresh()
        for row in self._rows:
            drivers = row["drivers"]
            assert isinstance(drivers, dict)  # noqa: S101 - for the type checker
            if row["alive"] and row["conductor_group"] == group and driver in drivers:
                return str(row["hostname"])
        return None

    def looked_after(self, hostname: str) -> tuple[tuple[str, str], ...]:
        """The (driver, conductor group) pairs for which this conductor answers."""
        self._refresh()
        pairs = sorted((name, group) for group, name in self._hardware)
        return tuple(pair for pair in pairs if self.host_for(*pair) == hostname)

    def _refresh(self) -> None:
        if self._clock.monotonic() - self._read_at < _MEMBERS_AGE:
            return
        with self._lock:
            if self._clock.monotonic() - self._read_at < _MEMBERS_AGE:
                return
            now = stamp(self._clock.now())
            rows = self._store.all()
            hardware = {}
            for row in rows:
                row["alive"] = row["lease_until"] > now
                if row["alive"]:
                    for name, data in row["drivers"].items():
                        key = (row["conductor_group"], name)
                        hardware[key] = HardwareInfo.from_data(name, data)
            self._rows, self._hardware = rows, hardware
            self._read_at = self._clock.monotonic()


class Services:
    """The rooms below, as controllers use them."""

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        db: Database,
        vault: Vault,
        conductor: ConductorClient,
        auth: Authenticator | None,
        clock: Clock,
    ) -> None:
        """Wire them."""
        self.conf = conf
        self.db = db
        self.vault = vault
        self.clock = clock
        self.auth = auth
        self.conductor = conductor
        self.nodes = NodeStore(db, vault)
        self.operations = OperationStore(db)
        self.events = EventLog(db)
        self.members = Members(ConductorStore(db), clock)
        self.submitter = Submitter(db, self.operations, conductor.ring, clock)
        self.max_limit: int = conf.api.max_limit
        self.max_body: int = conf.api.max_body_kib * 1024
        self.streams = threading.BoundedSemaphore(conf.api.max_streams or 1)
        #: Set when the process ends, so that streams end.
        self.stopping = threading.Event()
        self.public_url: str = (conf.api.public_url or "").rstrip("/")
