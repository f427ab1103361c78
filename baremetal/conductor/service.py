"""A conductor as a whole: its worker, its endpoint on the bus, its periodic duties."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import oslo_messaging
from oslo_config import cfg

from baremetal.clock import Clock
from baremetal.conductor import notify
from baremetal.conductor.flows import FLOWS
from baremetal.conductor.manager import ConductorEndpoint
from baremetal.conductor.netboot import upkeep
from baremetal.conductor.netboot.service import Netboot
from baremetal.conductor.netboot.upkeep import Upkeep
from baremetal.conductor.notify import Outbox
from baremetal.conductor.power_sync import PowerSync
from baremetal.conductor.task import NodeTask, Settings
from baremetal.db.conductors import ConductorStore
from baremetal.db.database import Database
from baremetal.db.events import EventLog
from baremetal.db.nodes import NodeStore
from baremetal.db.operations import OperationStore
from baremetal.db.outbox import OutboxStore
from baremetal.db.vault import Vault
from baremetal.domain import states
from baremetal.domain.errors import Unavailable
from baremetal.domain.operation import Limits, Operation
from baremetal.drivers.registry import Registry
from baremetal.engine.members import Members
from baremetal.engine.runner import Runner
from baremetal.engine.worker import Worker
from baremetal.health.front import Probes
from baremetal.health.server import HealthServer
from baremetal.meters import METERS
from baremetal.rpc.notifications import NotificationSender, wanted
from baremetal.rpc.transport import EXCHANGE, TOPIC, Carrier

LOG = logging.getLogger(__name__)

#: How long others believe a conductor alive after it last said so, seconds.
MEMBER_SECONDS = 10.0
_PRUNE_SECONDS = 60.0
#: How long work waits for a broker when a conductor starts, so that both begin at once.
_BUS_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Duty:
    """Something done every so often in a thread of its own."""

    name: str
    seconds: float
    do: Callable[[], object]


class Conductor:
    """Owns the machines of one conductor group."""

    def __init__(
        self, conf: cfg.ConfigOpts, db: Database, vault: Vault, transport: Any, clock: Clock
    ) -> None:
        """Wire a conductor from its configuration; `start` makes its threads."""
        self._host = conf.host
        self._group = conf.conductor.conductor_group
        self._clock = clock
        self._db = db
        self._nodes = NodeStore(db, vault)
        self._operations = OperationStore(db)
        self._members = ConductorStore(db)
        self._events = EventLog(db)
        self._netboot = Netboot(conf)
        self._registry = Registry(conf.conductor.enabled_hardware_types, self._netboot.place)
        self._settings = settings_of(conf)
        runner = Runner(
            self._operations, FLOWS, self._open_task, clock, conf.conductor.hold_timeout
        )
        members = Members(self._members, clock)
        self._worker = Worker(
            self._operations,
            runner.run,
            self._host,
            self._group,
            limits_of(conf),
            conf.conductor.workers,
            clock,
            lambda: members.foreign(self._host, self._group),
        )
        endpoint = ConductorEndpoint(self._group, self._worker, self._nodes, self._registry)
        self._server = oslo_messaging.get_rpc_server(
            transport,
            oslo_messaging.Target(topic=TOPIC, server=self._host, exchange=EXCHANGE),
            [endpoint],
            serializer=Carrier(),
            access_policy=oslo_messaging.DefaultRPCAccessPolicy,
        )
        self._listens = threading.Event()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._duties = [
            Duty("member", MEMBER_SECONDS / 3, self._renew),
            Duty(
                "prune",
                _PRUNE_SECONDS,
                lambda: self._events.prune(conf.conductor.kept_events, clock.now()),
            ),
        ]
        if conf.conductor.power_sync_interval:
            sync = PowerSync(self._nodes, self._registry, members, clock, self._host)
            self._duties.append(Duty("power_sync", conf.conductor.power_sync_interval, sync.sweep))
        self._upkeep: Upkeep | None = None
        if self._netboot.place is not None:
            self._upkeep = Upkeep(
                self._netboot.place,
                self._nodes,
                self._registry,
                members,
                clock,
                self._host,
                self._netboot.reread_hosts,
            )
            self._duties.append(Duty("netboot", upkeep.SECONDS, self._upkeep.sweep))
        self._outbox: Outbox | None = None
        if wanted(conf):
            self._sender = NotificationSender(conf, f"conductor.{self._host}")
            send = self._sender.send
            self._outbox = Outbox(OutboxStore(db), self._events, send, clock, self._host)
            self._duties.append(Duty("notify", notify.SECONDS, self._outbox.deliver))
        self._health: HealthServer | None = None
        if conf.conductor.metrics_port:
            self._health = HealthServer(
                Probes(conf, db, clock), conf.conductor.metrics_host, conf.conductor.metrics_port
            )

    def start(self) -> None:
        """Join the others, and take up work, with the broker or without it.

        :raises Unavailable: the database does not answer; it may be tried again.
        """
        if self._outbox is not None:
            self._outbox.begin()
        drivers = {name: self._registry.info(name).as_data() for name in self._registry.names}
        now = self._clock.now()
        until = self._clock.after(MEMBER_SECONDS)
        self._members.register(self._host, self._group, drivers, now, until)
        if self._upkeep is not None:
            # Before anybody is served: a former life has left what may not be true any more.
            self._upkeep.sweep()
        self._netboot.start()
        self._worker.start()
        METERS.sources[self._host] = self._registry.figures
        for duty in self._duties:
            thread = threading.Thread(
                target=self._repeat, args=(duty,), name=duty.name, daemon=True
            )
            thread.start()
            self._threads.append(thread)
        threading.Thread(target=self._listen, name="listen", daemon=True).start()
        self._listens.wait(_BUS_SECONDS)
        if self._health is not None:
            self._health.start()

    def stop(self, grace: float | None = None) -> bool:
        """Leave, claim nothing more, and finish the steps that run, within `grace` seconds.

        False if some did not end; they were given back, and may still run in this process.
        """
        self._stopping.set()
        if self._outbox is not None:
            self._outbox.stopping.set()
        try:
            self._members.leave(self._host, self._clock.now())
        except Unavailable as error:
            LOG.warning("cannot say goodbye: %s", error.message)
        ended = self._worker.stop(grace)
        self._netboot.stop()
        if self._listens.is_set():
            self._server.stop()
        if self._health is not None:
            self._health.stop()
        METERS.sources.pop(self._host, None)
        for thread in self._threads:
            thread.join(grace)
        if self._outbox is not None:
            self._sender.close()
        return ended

    def _listen(self) -> None:
        """Hear bells and questions; where there is no broker, from when it comes."""
        self._server.start()
        self._listens.set()

    def _renew(self) -> None:
        self._members.renew(self._host, self._clock.now(), self._clock.after(MEMBER_SECONDS))

    def _repeat(self, duty: Duty) -> None:
        while not self._stopping.wait(duty.seconds):
            try:
                duty.do()
            except Unavailable as error:
                LOG.warning("%s: %s", duty.name, error.message)
            except Exception:
                LOG.exception("%s", duty.name)

    def _open_task(self, operation: Operation) -> NodeTask:
        node = self._nodes.get(operation.resource_uuid)
        return NodeTask(
            operation=operation,
            node=node,
            clock=self._clock,
            phases=states.PHASES.get(operation.kind, ()),
            scratch=dict(operation.scratch),
            driver=self._registry.driver(node),
            settings=self._settings,
            nodes=self._nodes,
            operations=self._operations,
        )


def settings_of(conf: cfg.ConfigOpts) -> Settings:
    """What flows need to know of the configuration."""
    section = conf.conductor
    return Settings(
        automated_clean=section.automated_clean,
        power_timeout=section.power_timeout,
        agent_boot_timeout=section.agent_boot_timeout,
        agent_report_interval=section.agent_report_interval,
        agent_silence_timeout=section.agent_silence_timeout,
    )


def limits_of(conf: cfg.ConfigOpts) -> dict[str, Limits]:
    """The concurrency knobs by kind of operation."""
    section = conf.conductor
    kinds = {*section.max_per_conductor, *section.max_per_group, *section.rolling}
    return {
        kind: Limits(
            per_conductor=_number(section.max_per_conductor.get(kind)),
            per_group=_number(section.max_per_group.get(kind)),
            rolling=_number(section.rolling.get(kind)) or 0,
        )
        for kind in kinds
    }


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)
