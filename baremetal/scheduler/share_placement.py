"""Finds a pool for a share, and claims it so that nobody else can have that room."""

from collections.abc import Mapping, Sequence
from typing import Any

from baremetal.clock import Clock
from baremetal.db.database import Database
from baremetal.db.share_backends import BackendStore
from baremetal.db.share_messages import ALLOCATE, NO_HOST, Message
from baremetal.db.share_quotas import Bound
from baremetal.db.shares import ShareStore
from baremetal.domain import share as sh
from baremetal.domain.share import Wish
from baremetal.domain.share_pool import Pool
from baremetal.scheduler.share_explanation import explain
from baremetal.scheduler.share_filters import fits
from baremetal.scheduler.share_weighers import order

#: How often is looked anew: a round fails only if others filled all of its pools meanwhile.
_ROUNDS = 20


class ShareScheduler:
    """Places shares in the pools of one database."""

    def __init__(self, db: Database, clock: Clock) -> None:
        """Search in `db`."""
        self._backends = BackendStore(db)
        self._shares = ShareStore(db)
        self._clock = clock

    def place(
        self,
        wish: Wish,
        values: Mapping[str, Any],
        bounds: Sequence[Bound],
        intent: Mapping[str, Any],
    ) -> str | None:
        """Write the share: at a place, with the operation that makes it; or in error, and why.

        :returns: the service whose queue the operation is in; None where there is no place
        :raises QuotaExceeded: its project may not have it.
        """
        pools: list[Pool] = []
        for _ in range(_ROUNDS):
            pools = self._backends.pools(self._clock.now())
            fitting = order(wish, [pool for pool in pools if fits(wish, pool)])
            if not fitting:
                break
            # One by one: who waits for a pool must not keep another one from others.
            for pool in fitting:
                if self._shares.place(values, pool, bounds, intent, self._clock.now()):
                    return pool.service
        why = f"No storage could be allocated for this share request: {explain(wish, pools)}"
        about = ("SHARE", values["uuid"], ALLOCATE, NO_HOST, why)
        whose = (values["project_id"], intent["request_id"])
        message = Message(self._clock.new_uuid(), *whose, *about)
        unplaced = {**values, "status": sh.ERROR}
        self._shares.keep_unplaced(unplaced, bounds, message, self._clock.now())
        return None
