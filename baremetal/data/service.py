"""A data service as a whole: its worker, and its endpoint on the bus."""

import threading
from typing import Any

import oslo_messaging
from oslo_config import cfg

from baremetal.clock import Clock
from baremetal.data.flows import FLOWS
from baremetal.data.task import ImageTask
from baremetal.db.database import Database
from baremetal.db.image_data import ImageData
from baremetal.db.images import ImageStore
from baremetal.db.operations import OperationStore
from baremetal.db.vault import Vault
from baremetal.domain.operation import DATA_QUEUE, Limits, Operation
from baremetal.engine.runner import Runner
from baremetal.engine.worker import Worker
from baremetal.images.downloads import Downloads
from baremetal.images.keeper import Keeper
from baremetal.images.shelves import Shelves
from baremetal.rpc.data import TOPIC, VERSION
from baremetal.rpc.transport import EXCHANGE, Carrier

#: How long work waits for a broker when the service starts, so that both begin at once.
_BUS_SECONDS = 3.0
#: How long a transfer may take to be let go of, seconds: it goes on elsewhere without a loss.
_LET_GO_SECONDS = 5.0


class DataEndpoint:
    """What `rpc.data.DataClient` reaches."""

    target = oslo_messaging.Target(version=VERSION)

    def __init__(self, worker: Worker) -> None:
        """Ring for `worker`."""
        self._worker = worker

    def ring(self, _context: Any) -> None:
        """Wake the worker."""
        self._worker.ring()


class DataService:
    """Moves the bytes that operations ask for."""

    def __init__(
        self, conf: cfg.ConfigOpts, db: Database, vault: Vault, transport: Any, clock: Clock
    ) -> None:
        """Wire it from its configuration; `start` makes its threads."""
        self._clock = clock
        self._vault = vault
        self._images = ImageStore(db)
        self._data = ImageData(db)
        self._keeper = Keeper(db, Shelves(conf), clock)
        self._downloads = Downloads(conf)
        self._operations = OperationStore(db)
        self._stopping = threading.Event()
        # No import ever waits, so none is held.
        runner = Runner(self._operations, FLOWS, self._open_task, clock, hold_seconds=0)
        # A conductor of this host has operations of its own.
        host, most = f"{conf.host} (data)", conf.images.imports_at_once
        limits = {kind: Limits(per_conductor=most) for kind in FLOWS}
        self._worker = Worker(self._operations, runner.run, host, DATA_QUEUE, limits, most, clock)
        self._server = oslo_messaging.get_rpc_server(
            transport,
            oslo_messaging.Target(topic=TOPIC, server=conf.host, exchange=EXCHANGE),
            [DataEndpoint(self._worker)],
            serializer=Carrier(),
            access_policy=oslo_messaging.DefaultRPCAccessPolicy,
        )
        self._listens = threading.Event()

    def start(self) -> None:
        """Take up work, with the broker or without it.

        :raises Unavailable: the database does not answer; it may be tried again.
        """
        self._worker.start()
        threading.Thread(target=self._listen, name="listen", daemon=True).start()
        self._listens.wait(_BUS_SECONDS)

    def stop(self, grace: float | None = None) -> bool:
        """Claim nothing more, and let go of what runs: it goes on elsewhere, or at the next start.

        False if something did not end within a few, or `grace`, seconds, and may still run in this
        process: a source says nothing.
        """
        self._stopping.set()
        seconds = _LET_GO_SECONDS if grace is None else min(grace, _LET_GO_SECONDS)
        ended = self._worker.stop(seconds)
        if self._listens.is_set():
            self._server.stop()
        return ended

    def _listen(self) -> None:
        """Hear bells; where there is no broker, from when it comes."""
        self._server.start()
        self._listens.set()

    def _open_task(self, operation: Operation) -> ImageTask:
        return ImageTask(
            operation=operation,
            clock=self._clock,
            scratch=dict(operation.scratch),
            images=self._images,
            data=self._data,
            keeper=self._keeper,
            downloads=self._downloads,
            operations=self._operations,
            vault=self._vault,
            stopping=self._stopping,
        )
