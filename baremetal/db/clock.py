"""The clock that all processes of a plane share, whatever the clocks of their hosts say."""

import logging
import threading
import time
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from baremetal.clock import Clock
from baremetal.db.database import Database
from baremetal.domain.errors import Unavailable

LOG = logging.getLogger(__name__)

#: How long the database's clock is believed to go as ours does, seconds.
_BELIEVED_SECONDS = 30.0
_NOW = {
    "postgresql": sa.text("SELECT clock_timestamp() AT TIME ZONE 'UTC'"),
    "mysql": sa.text("SELECT UTC_TIMESTAMP(6)"),
}


def _elapsed() -> float:
    """Seconds that go on while the host sleeps, and that nobody can set."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class SharedClock(Clock):
    """The database server's clock; with SQLite the host's, as it was when the process started.

    Leases and deadlines are compared between processes. So a host whose clock jumps neither
    takes others' work from them nor loses its own. As long as a server has never answered, there
    is no such time: what asks for it fails as any other question to the database.
    """

    def __init__(self, db: Database) -> None:
        """Follow the clock of `db`; it is asked when the time is needed first."""
        self._db = db
        self._query = _NOW.get(db.url.get_backend_name().replace("mariadb", "mysql"))
        self._lock = threading.Lock()
        #: A moment, and the elapsed seconds at it; replaced as one.
        self._known = datetime.now(UTC), _elapsed()
        self._answered = self._query is None
        self._asked_at = float("-inf")

    def now(self) -> datetime:
        """The present moment, in UTC.

        :raises Unavailable: the database has not answered yet, not even once.
        """
        if self._query is not None and _elapsed() - self._asked_at > _BELIEVED_SECONDS:
            self._ask(self._query)
        moment, then = self._known
        return moment + timedelta(seconds=_elapsed() - then)

    def _ask(self, query: sa.TextClause) -> None:
        # Whoever knows the time goes on with it while another asks.
        if not self._lock.acquire(blocking=not self._answered):
            return
        try:
            before = _elapsed()
            with self._db.read() as connection:
                found = connection.execute(query).scalar_one()
            after = _elapsed()
        except Unavailable as error:
            if not self._answered:
                raise
            LOG.debug("the clock goes on by itself: %s", error.message)
        else:
            self._known = found.replace(tzinfo=UTC), (before + after) / 2
            self._answered = True
        finally:
            if self._answered:
                self._asked_at = _elapsed()
            self._lock.release()
