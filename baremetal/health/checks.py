"""What must be there for a process to be of use."""

import logging
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
