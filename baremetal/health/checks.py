"""What must be there for a process to be of use, and what it can do without for a while."""

import logging
import threading
from collections.abc import Callable, Mapping

from oslo_config import cfg

from baremetal.clock import Clock
from baremetal.db import schema
from baremetal.db.database import Database
from baremetal.db.figures import conductor_leases
from baremetal.db.types import stamp
from baremetal.domain.errors import Unavailable
from baremetal.rpc.broker import check_broker

LOG = logging.getLogger(__name__)

#: Without these a process is of no use. Without the others it works on: an API accepts what is
#: done once a conductor is there, and conductors look for work themselves where no bell rings.
NEEDED = frozenset({"database"})
#: So long a finding is good for everybody, and so long it will do while a new one is made.
_GOOD_SECONDS, _PASSABLE_SECONDS = 1.0, 30.0


def missing(conf: cfg.ConfigOpts, db: Database, clock: Clock) -> Mapping[str, str]:
    """What is missing, each with a sentence; empty where all is there.

    The sentences are for anybody, so they name no host and no user; the log has those.
    """
    found = {}
    checks: dict[str, Callable[[], str | None]] = {
        "database": lambda: _database(db),
        "conductor": lambda: _conductor(db, clock),
        "message_bus": lambda: _bus(conf),
    }
    for name, check in checks.items():
        if name == "conductor" and "database" in found:
            continue
        problem = check()
        if problem is not None:
            found[name] = problem
    return found


def _database(db: Database) -> str | None:
    try:
        revision = schema.current(db)
    except Unavailable as error:
        LOG.warning("not ready: %s", error.message)
        return "The database does not answer."
    if revision != schema.HEAD:
        return (
            f"The database's schema is {revision or 'empty'}, this release needs {schema.HEAD}: "
            "baremetal-manage db upgrade."
        )
    return None


def _conductor(db: Database, clock: Clock) -> str | None:
    now = stamp(clock.now())
    try:
        alive = any(until > now for until in conductor_leases(db))
    except Unavailable as error:
        LOG.warning("not ready: %s", error.message)
        return "The database does not answer."
    return None if alive else "No conductor is alive."


def _bus(conf: cfg.ConfigOpts) -> str | None:
    try:
        check_broker(conf)
    except Unavailable as error:
        LOG.warning("not ready: %s", error.message)
        return "The message bus does not answer."
    return None


class Readiness:
    """What is `missing`, found out once a second at most, however many ask."""

    def __init__(self, conf: cfg.ConfigOpts, db: Database, clock: Clock) -> None:
        """Find out when somebody asks."""
        self._conf = conf
        self._db = db
        self._clock = clock
        self._lock = threading.Lock()
        self._found: Mapping[str, str] = {}
        self._at = float("-inf")

    def missing(self) -> Mapping[str, str]:
        """What is missing now, or was a moment ago."""
        if self._age() < _GOOD_SECONDS:
            return self._found
        if not self._lock.acquire(blocking=self._age() >= _PASSABLE_SECONDS):
            return self._found
        try:
            if self._age() >= _GOOD_SECONDS:
                self._found = missing(self._conf, self._db, self._clock)
                self._at = self._clock.monotonic()
            return self._found
        finally:
            self._lock.release()

    def _age(self) -> float:
        return self._clock.monotonic() - self._at
