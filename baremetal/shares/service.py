"""A share service as a whole: its worker, its reports, and its endpoint on the bus."""

import threading
from typing import Any

import oslo_messaging
from oslo_config import cfg

from baremetal.clock import Clock
from baremetal.db.database import Database
from baremetal.db.operations import OperationStore
from baremetal.db.share_access import AccessStore
from baremetal.db.share_backends import BackendStore
from baremetal.db.share_snapshots import SnapshotStore
from baremetal.db.share_types import TypeStore
from baremetal.db.shares import ShareStore
from baremetal.db.vault import Vault
from baremetal.domain.operation import Operation
from baremetal.domain.share import ABILITY_SPECS, PHASES, SERVERS_SPEC, queue_of
from baremetal.engine.runner import Runner
from baremetal.engine.worker import Worker
from baremetal.rpc.shares import TOPIC, VERSION
from baremetal.rpc.transport import EXCHANGE, Carrier
from baremetal.shares.backends import Backends
from baremetal.shares.flows import FLOWS
from baremetal.shares.reconciler import Reconciler
from baremetal.shares.reports import Reports
from baremetal.shares.task import ShareTask
from baremetal.shares.turns import Turns

#: How long work waits for a broker when the service starts, so that both begin at once.
_BUS_SECONDS = 3.0


class ShareEndpoint:
    """What `rpc.shares.SharesClient` reaches."""

    target = oslo_messaging.Target(version=VERSION)

    def __init__(self, worker: Worker) -> None:
        """Ring for `worker`."""
        self._worker = worker

    def ring(self, _context: Any) -> None:
        """Wake the worker."""
        self._worker.ring()


class ShareService:
    """Owns the shares of its backends."""

    def __init__(
        self, conf: cfg.ConfigOpts, db: Database, _vault: Vault, transport: Any, clock: Clock
    ) -> None:
        """Wire it from its configuration; `start` makes its threads."""
        self._conf = conf
        self._clock = clock
        self._shares = ShareStore(db)
        self._snapshots = SnapshotStore(db)
        self._access = AccessStore(db)
        self._types = TypeStore(db)
        self._backends = Backends(conf, clock)
        self._turns = Turns()
        zone, seconds = conf.shares.availability_zone, conf.shares.report_interval
        self._reports = Reports(self._backends, BackendStore(db), zone, seconds, clock)
        self._reconciler = Reconciler(
            self._backends,
            self._shares,
            self._access,
            self._turns,
            conf.shares.reconcile_interval,
        )
        operations = OperationStore(db)
        # Nothing that is done to shares waits for a person.
        runner = Runner(operations, FLOWS, self._open_task, clock, hold_seconds=0)
        # A conductor of this host has operations of its own.
        host, queue = f"{conf.host} (shares)", queue_of(conf.host)
        self._worker = Worker(operations, runner.run, host, queue, {}, conf.shares.workers, clock)
        self._server = oslo_messaging.get_rpc_server(
            transport,
            oslo_messaging.Target(topic=TOPIC, server=conf.host, exchange=EXCHANGE),
            [ShareEndpoint(self._worker)],
            serializer=Carrier(),
            access_policy=oslo_messaging.DefaultRPCAccessPolicy,
        )
        self._listens = threading.Event()

    def start(self) -> None:
        """Say what there is, and take up work, with the broker or without it.

        :raises Unavailable: the database does not answer; it may be tried again.
        """
        self._ensure_type()
        self._reports.start()
        self._worker.start()
        self._reconciler.start()
        threading.Thread(target=self._listen, name="listen", daemon=True).start()
        self._listens.wait(_BUS_SECONDS)

    def stop(self, grace: float | None = None) -> bool:
        """Claim nothing more, and let running steps end; false if some did not in time."""
        self._reconciler.stop(grace)
        self._reports.stop(self._conf.host, grace)
        ended = self._worker.stop(grace)
        if self._listens.is_set():
            self._server.stop()
        return ended

    def _listen(self) -> None:
        """Hear bells; where there is no broker, from when it comes."""
        self._server.start()
        self._listens.set()

    def _ensure_type(self) -> None:
        """Where nobody has made a type yet, there is one to begin with."""
        if self._types.all(None):
            return
        specs = {SERVERS_SPEC: "False", **dict.fromkeys(ABILITY_SPECS, "True")}
        specs["mount_snapshot_support"] = "False"
        values = {
            "uuid": self._clock.new_uuid(),
            "name": self._conf.shares.default_share_type,
            "is_public": True,
            "extra_specs": specs,
        }
        self._types.ensure(values, self._clock.now())

    def _open_task(self, operation: Operation) -> ShareTask:
        phase = PHASES.get(operation.kind)
        task = ShareTask(
            operation=operation,
            clock=self._clock,
            phases=() if phase is None else (phase,),
            scratch=dict(operation.scratch),
            shares=self._shares,
            snapshots=self._snapshots,
            access=self._access,
            backends=self._backends,
            turns=self._turns,
        )
        task.read()
        return task
