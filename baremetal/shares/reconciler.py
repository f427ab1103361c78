"""Compares what servers enforce with what was asked for, and mends it.

A machine that was started anew has lost its mounts, a server may have lost its exports, and
somebody may have edited them by hand. No operation is under way then that would notice.
"""

import logging
import threading
from collections.abc import Mapping
from typing import Any, Final

from baremetal.db.share_access import AccessStore
from baremetal.db.shares import ShareStore
from baremetal.domain import share as sh
from baremetal.domain.errors import BaremetalError, NotFound, Unavailable
from baremetal.drivers.interfaces.storage import Share
from baremetal.shares.backends import Backend, Backends
from baremetal.shares.flows.access import rule_of
from baremetal.shares.turns import Turns

LOG = logging.getLogger(__name__)

#: How soon it is tried again where something did not answer, seconds.
_SOON: Final = 30.0
_PAGE: Final = 200
_GIB: Final = 1 << 30
Row = Mapping[str, Any]


class Reconciler:
    """A thread that goes through all shares at the start, and every so often."""

    def __init__(
        self,
        backends: Backends,
        shares: ShareStore,
        access: AccessStore,
        turns: Turns,
        seconds: float,
    ) -> None:
        """Look at all shares of `backends` every `seconds`; 0: at the start alone."""
        self._backends = backends
        self._shares = shares
        self._access = access
        self._turns = turns
        self._seconds = seconds
        #: Backends all of whose shares were made ready in this life.
        self._ready: set[str] = set()
        #: Shares that could not be.
        self._failed: set[str] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="reconciler", daemon=True)

    def start(self) -> None:
        """Begin; nobody waits for it."""
        self._thread.start()

    def stop(self, grace: float | None = None) -> None:
        """End after the share that it is at."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(grace)

    def go_round(self) -> int:
        """Look at all shares once; how many were mended."""
        return sum(self._look_at_all(backend) for backend in self._backends.all.values())

    def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                self.go_round()
            except Exception:
                LOG.exception("cannot compare exports")
            unready = self._backends.all.keys() - self._ready
            if not unready and not self._seconds:
                return
            self._stopping.wait(min(_SOON, self._seconds or _SOON) if unready else self._seconds)

    def _look_at_all(self, backend: Backend) -> int:
        name, mended, after = backend.place.backend, 0, 0
        try:
            if name not in self._ready:
                backend.check()
            while rows := self._shares.available(str(backend.place), after, _PAGE):
                for row in rows:
                    if self._stopping.is_set():
                        return mended
                    mended += self._try(backend, row["uuid"])
                after = rows[-1]["id"]
        except BaremetalError as error:
            LOG.warning("backend %s: %s", name, error.message)
            return mended
        self._ready.add(name)
        return mended

    def _try(self, backend: Backend, uuid: str) -> bool:
        """As `_look_at`; one share that cannot be mended keeps none of the others waiting."""
        try:
            mended = self._look_at(backend, uuid)
        except Unavailable:
            raise
        except BaremetalError as error:
            LOG.warning("share %s: %s", uuid, error.message)
            self._failed.add(uuid)
            return False
        self._failed.discard(uuid)
        return mended

    def _look_at(self, backend: Backend, uuid: str) -> bool:
        """Whether a share had to be mended."""
        with self._turns.alone(uuid):
            try:
                row = self._shares.row(uuid)
            except NotFound:
                return False
            # What is under way, or failed, is left to operations.
            if row["status"] != sh.AVAILABLE or row["access_rules_status"] == sh.SYNCING:
                return False
            return self._mend(backend, row)

    def _mend(self, backend: Backend, row: Row) -> bool:
        share = Share(row["instance_uuid"], row["size"] * _GIB)
        rules = [rule_of(found) for found in self._access.of(row["uuid"], (sh.ACTIVE,))]
        if backend.place.backend not in self._ready or row["uuid"] in self._failed:
            backend.export.ensure(share, backend.storage.ensure(share))
        try:
            if backend.export.is_in_force(share, rules):
                return False
        except NotFound:
            backend.export.ensure(share, backend.storage.ensure(share))
        backend.export.update_access(share, rules)
        level = logging.WARNING if backend.place.backend in self._ready else logging.INFO
        LOG.log(level, "share %s: its server did not enforce its rules; it does now", row["uuid"])
        return True
