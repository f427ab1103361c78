"""The worker pool of a conductor: wakes at the bell, claims, runs, keeps leases alive."""

import logging
import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from baremetal import lease, log
from baremetal.clock import Clock
from baremetal.db.operations import OperationStore
from baremetal.db.queue import Place
from baremetal.domain.errors import Unavailable
from baremetal.domain.operation import Limits, Operation

LOG = logging.getLogger(__name__)

#: A sweep finds what no bell announced.
SWEEP_SECONDS = 1.0
#: With these, what a dead conductor was running is taken over within ten seconds.
LEASE_SECONDS = 7.0
RENEW_SECONDS = 1.0
#: Of a lease, so much is used before it is prolonged: most steps are over by then.
_YOUNG = 0.25
#: So long a busy worker lets ends and bells gather, since one claim costs as much for several:
_GATHER_SECONDS = 0.005
#: and so long, where more is queued than it has room for, until half of its threads are free.
_BEHIND_SECONDS = 0.25
#: What takes longer than this waits for hardware, and hinders nobody else any more:
SLOW_SECONDS = 2.0
#: so many times the number of threads may be at it, slow ones included.
_MOST = 4


class Worker:
    """Claims operations for one conductor and runs at most `threads` at a time.

    Those that are slow are not counted: a rack whose BMCs hang stops nothing but itself.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - wiring
        self,
        store: OperationStore,
        run: Callable[[Operation], None],
        host: str,
        group: str,
        limits: Mapping[str, Limits],
        threads: int,
        clock: Clock,
        foreign: Callable[[], Collection[str]] = tuple,
    ) -> None:
        """Prepare; `start` makes the threads.

        Nodes with drivers that `foreign` returns at the moment are for other conductors.
        """
        self._store = store
        self._run = run
        self._host = host
        self._group = group
        self._limits = limits
        self._threads = threads
        self._clock = clock
        self._foreign = foreign
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self._drained = threading.Event()
        #: When each was begun, by id and fence: one that was lost may be ours again.
        self._active: dict[tuple[int, int], float] = {}
        #: Whether the last claim has filled all its room.
        self._behind = False
        #: Until when each is surely ours, as the clock of this process goes.
        self._held: dict[tuple[int, int], float] = {}
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._pool: ThreadPoolExecutor | None = None
        self._claiming: threading.Thread | None = None
        self._renewing: threading.Thread | None = None

    def start(self) -> None:
        """Take back what a former life of this conductor was running, and begin."""
        self._store.requeue_lost(self._clock.now(), self._host)
        self._pool = ThreadPoolExecutor(self._threads * _MOST, thread_name_prefix="operation")
        self._claiming = threading.Thread(target=self._claim_loop, name="claims", daemon=True)
        self._renewing = threading.Thread(target=self._lease_loop, name="leases", daemon=True)
        self._claiming.start()
        self._renewing.start()

    def ring(self) -> None:
        """There may be something to claim."""
        self._bell.set()

    def load(self) -> Mapping[str, int]:
        """``running`` operations whose steps run now, of ``workers`` that could."""
        with self._lock:
            return {"running": len(self._active), "workers": self._threads}

    def stop(self, grace: float | None = None) -> bool:
        """Claim no more, and return when the steps that run are done, at most `grace` seconds.

        What is not done by then is given back, for others to go on with: it can write nothing
        any more, but may still run. False if there is such.
        """
        self._stopping.set()
        self._bell.set()
        if self._claiming is not None:
            self._claiming.join()
        with self._lock:
            ended = self._idle.wait_for(lambda: not self._active, grace)
            left = self._ids()
        self._drained.set()
        if self._renewing is not None:
            self._renewing.join()
        if not ended:
            LOG.warning("%d operations are handed over in the middle of a step", len(left))
            self._give_back(left)
        if self._pool is not None:
            self._pool.shutdown(wait=ended, cancel_futures=True)
        return ended

    def _give_back(self, ids: Collection[int]) -> None:
        try:
            self._store.give_back(self._host, ids, self._clock.now())
        except Unavailable as error:
            LOG.warning("cannot hand over, the leases will run out: %s", error.message)

    def _claim_loop(self) -> None:
        while not self._stopping.is_set():
            self._bell.wait(SWEEP_SECONDS)
            if self._active:
                self._gather()
            self._bell.clear()
            if self._stopping.is_set():
                return
            try:
                self._claim()
            except Unavailable as error:
                LOG.warning("cannot claim: %s", error.message)
                self._clock.sleep(SWEEP_SECONDS)
            except Exception:
                LOG.exception("cannot claim")
                self._clock.sleep(SWEEP_SECONDS)

    def _gather(self) -> None:
        if not self._behind:
            self._stopping.wait(_GATHER_SECONDS)
            return
        with self._lock:
            self._idle.wait_for(lambda: self._room() >= self._threads // 2, _BEHIND_SECONDS)

    def _claim(self) -> None:
        with self._lock:
            room = self._room()
        if room <= 0:
            return
        until = self._clock.monotonic() + LEASE_SECONDS
        claimed = self._store.claim(
            self._host,
            Place(self._group, frozenset(self._foreign())),
            room,
            self._limits,
            self._clock.now(),
            self._clock.after(LEASE_SECONDS),
        )
        self._behind = len(claimed) == room
        for operation in claimed:
            with self._lock:
                self._active[operation.id, operation.fence] = self._clock.monotonic()
                self._held[operation.id, operation.fence] = until
            assert self._pool is not None  # noqa: S101 - start() made it
            self._pool.submit(self._work, operation)

    def _room(self) -> int:
        slow = self._clock.monotonic() - SLOW_SECONDS
        counted = sum(begun > slow for begun in self._active.values())
        return min(self._threads - counted, self._threads * _MOST - len(self._active))

    def _work(self, operation: Operation) -> None:
        before = log.CONTEXT.set(
            {
                "request_id": operation.request_id,
                "global_request_id": operation.global_request_id,
                "operation": operation.uuid,
                operation.resource_type: operation.resource_uuid,
            }
        )
        key = operation.id, operation.fence
        try:
            self._wait_for_former(operation)
            with lease.carrying_out(lambda: self._clock.monotonic() < self._held[key]):
                self._run(operation)
        finally:
            log.CONTEXT.reset(before)
            with self._lock:
                self._active.pop(key, None)
                self._held.pop(key, None)
                self._idle.notify_all()
            self._bell.set()

    def _wait_for_former(self, operation: Operation) -> None:
        """Let a step that was going on when we lost the operation end, before it is done again."""

        def ended() -> bool:
            former = (id == operation.id and fence < operation.fence for id, fence in self._active)
            return not any(former)

        with self._lock:
            self._idle.wait_for(ended)

    def _ids(self) -> list[int]:
        return list({id for id, _ in self._active})

    def _lease_loop(self) -> None:
        while not self._drained.wait(RENEW_SECONDS):
            try:
                now = self._clock.now()
                self._renew(now)
                if self._store.requeue_lost(now) + self._store.requeue_overdue(now):
                    self._bell.set()
            except Unavailable as error:
                LOG.warning("cannot renew leases: %s", error.message)
            except Exception:
                LOG.exception("cannot renew leases")

    def _renew(self, now: datetime) -> None:
        soon = self._clock.monotonic() + LEASE_SECONDS * (1 - _YOUNG)
        with self._lock:
            ids = list({id for (id, fence), until in self._held.items() if until < soon})
        if not ids:
            return
        until = self._clock.monotonic() + LEASE_SECONDS
        held = self._store.renew(self._host, ids, now, self._clock.after(LEASE_SECONDS))
        with self._lock:
            self._held.update((key, until) for key in held & self._active.keys())
