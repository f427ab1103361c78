"""What a claim costs, by how many operations are queued and how many are in progress.

    python benchmarks/claims.py [--url postgresql+psycopg://...] [--room 4]

One conductor claims from a database of its own (SQLite in a temporary directory, or an empty one by
its URL), again and again; what it takes is put back in between. Milliseconds of CPU and of time.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import sqlalchemy as sa

from baremetal.db.database import Database
from baremetal.db.operations import OperationStore
from baremetal.db.queue import Place
from baremetal.db.schema import ensure_current
from baremetal.db.tables import operations
from baremetal.domain import operation as op
from baremetal.domain.operation import Limits

_LIMITS = {"deploy": Limits(per_conductor=100_000), "provide": Limits(per_conductor=100_000)}
_REQUESTERS = ("alice", "bob", "carol")
_BATCH = 500


def fill(db: Database, count: int, **values: object) -> None:
    """Put so many operations into the database."""
    for begin in range(0, count, _BATCH):
        rows = [
            {
                "uuid": str(uuid4()),
                "kind": ("deploy", "provide")[number % 2],
                "resource_type": "node",
                "resource_uuid": str(uuid4()),
                "conductor_group": "",
                "params": {},
                "requested_by": _REQUESTERS[number % 3],
                "created_at": "2026-01-01T00:00:00",
                "updated_at": "2026-01-01T00:00:00",
                **values,
            }
            for number in range(begin, min(count, begin + _BATCH))
        ]
        with db.write() as tx:
            tx.execute(operations.insert(), rows)


def claims(db: Database, room: int, times: int) -> Iterator[tuple[float, float]]:
    """(CPU, elapsed) milliseconds of each claim."""
    store = OperationStore(db)
    now = datetime.now(UTC)
    for _ in range(times):
        cpu, begun = time.process_time(), time.perf_counter()
        taken = store.claim("host", Place(""), room, _LIMITS, now, now + timedelta(seconds=10))
        yield (time.process_time() - cpu) * 1000, (time.perf_counter() - begun) * 1000
        back = sa.update(operations).where(operations.c.id.in_([one.id for one in taken]))
        with db.write() as tx:
            tx.execute(back.values(state=op.QUEUED, started_at=None, owner=None))


def main() -> int:
    """Print a line of JSON for each size."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--url")
    parser.add_argument("--room", type=int, default=4, help="operations to take at a time")
    parser.add_argument("--times", type=int, default=200)
    options = parser.parse_args()
    queued = waiting = 0
    with tempfile.TemporaryDirectory() as directory:
        db = Database(options.url or f"sqlite:///{directory}/claims.sqlite")
        ensure_current(db)
        for more_queued, more_waiting in ((10, 0), (90, 0), (900, 0), (9000, 0), (0, 10_000)):
            fill(db, more_queued, state=op.QUEUED)
            waits = {"state": op.WAITING, "started_at": "2026-01-01T00:00:00", "owner": "host"}
            fill(db, more_waiting, **waits)
            queued, waiting = queued + more_queued, waiting + more_waiting
            taken = list(claims(db, options.room, options.times))
            figures = {
                "queued": queued,
                "waiting": waiting,
                "cpu_ms": round(statistics.median(cpu for cpu, _ in taken), 3),
                "ms": round(statistics.median(elapsed for _, elapsed in taken), 3),
            }
            print(json.dumps(figures), flush=True)
        db.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
