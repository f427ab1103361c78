"""Changing the key that secrets are encrypted with, beside a plane that works."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.fernet import Fernet

from baremetal.clock import Clock
from baremetal.db.database import Database
from baremetal.db.tables import nodes, operations
from baremetal.db.vault import Vault, read_keys, write_keys
from baremetal.domain import operation as op
from baremetal.domain.errors import Conflict

#: Rows of one transaction: others never wait long for it.
BATCH = 100
#: How long a request may hold what it has encrypted with the old key before it commits, seconds.
_REQUEST_SECONDS = 2.0
_LOOK_SECONDS = 0.5

Renew = Callable[[str], str | None]


class Rotation:
    """One change of keys in a key file, and of all that is encrypted with them."""

    def __init__(self, db: Database, keys: Path, clock: Clock) -> None:
        """Change the first key in the file `keys`, and the secrets in `db` with it."""
        self._db = db
        self._keys = keys
        self._clock = clock

    def add_key(self) -> int:
        """Put a new key on top, and encrypt all secrets with it; how many rows that changed.

        :raises Unavailable: a secret was encrypted with a key that is not in the file.
        """
        old = read_keys(self._keys) if self._keys.exists() else []
        write_keys(self._keys, [Fernet.generate_key(), *old])
        return self.reseal()

    def drop_old(self, patience: float) -> None:
        """Take all keys but the newest out of the file.

        An operation that runs holds its plan as it was encrypted when it was claimed, so
        those that do are awaited, at most `patience` seconds.

        :raises Conflict: they still run; nothing is lost, and all keys are kept.
        """
        self._await_runs(patience)
        self._clock.sleep(_REQUEST_SECONDS)
        self.reseal()
        write_keys(self._keys, read_keys(self._keys)[:1])

    def reseal(self) -> int:
        """Encrypt with the newest key what was encrypted with another; how many rows that were.

        :raises Unavailable: a secret was encrypted with a key that is not in the file.
        """
        keys = read_keys(self._keys)
        newest, whole = Vault(keys[:1]), Vault(keys)

        def renew(token: str) -> str | None:
            return None if newest.opens(token) else whole.rotate(token)

        return self._reseal_nodes(renew) + self._reseal_plans(renew)

    def _reseal_nodes(self, renew: Renew) -> int:
        count = 0
        query = sa.select(nodes.c.id, nodes.c.secrets).where(nodes.c.secrets.is_not(None))
        for rows in self._batches(query, nodes.c.id):
            changed = [(row.id, row.secrets, new) for row in rows if (new := renew(row.secrets))]
            with self._db.write() as tx:
                for number, old, new in changed:
                    unchanged = sa.and_(nodes.c.id == number, nodes.c.secrets == old)
                    count += tx.execute(
                        sa.update(nodes).where(unchanged).values(secrets=new)
                    ).rowcount
        return count

    def _reseal_plans(self, renew: Renew) -> int:
        """Operations keep their plans, which may hold passwords too."""
        count = 0
        table = operations.c
        text = sa.type_coerce(table.scratch, sa.Text)
        query = sa.select(table.id, table.scratch, table.updated_at)
        for rows in self._batches(query.where(text.contains("sealed_plan")), table.id):
            with self._db.write() as tx:
                for row in rows:
                    token = row.scratch.get("sealed_plan")
                    if not token or not (new := renew(token)):
                        continue
                    unchanged = sa.and_(table.id == row.id, table.updated_at == row.updated_at)
                    scratch = {**row.scratch, "sealed_plan": new}
                    count += tx.execute(
                        sa.update(operations).where(unchanged).values(scratch=scratch)
                    ).rowcount
        return count

    def _batches(
        self, query: "sa.Select[Any]", number: "sa.Column[Any]"
    ) -> Iterator[Sequence[sa.Row[Any]]]:
        last = 0
        while True:
            with self._db.read() as connection:
                page = query.where(number > last).order_by(number).limit(BATCH)
                rows = connection.execute(page).all()
            if not rows:
                return
            yield rows
            last = rows[-1].id

    def _await_runs(self, patience: float) -> None:
        deadline = self._clock.monotonic() + patience
        since = self._running()
        while left := since & self._running():
            if self._clock.monotonic() >= deadline:
                raise Conflict(
                    f"{len(left)} operations have been running since before the new key, and may "
                    "hold what the old one encrypted. Both keys are kept. Run this again later."
                )
            self._clock.sleep(_LOOK_SECONDS)

    def _running(self) -> set[tuple[int, int]]:
        """(id, fence) of each operation that a conductor has in hand."""
        query = sa.select(operations.c.id, operations.c.fence)
        with self._db.read() as connection:
            found = connection.execute(query.where(operations.c.state == op.RUNNING))
            return {(number, fence) for number, fence in found}
