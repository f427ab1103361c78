"""The engine on a real database, turned by hand: nothing runs but when a test says so."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography.fernet import Fernet

from baremetal.conductor.task import Task
from baremetal.db.database import Database
from baremetal.db.events import EventLog
from baremetal.db.nodes import NodeStore
from baremetal.db.operations import OperationStore
from baremetal.db.queue import Place
from baremetal.db.vault import Vault
from baremetal.domain import states
from baremetal.domain.operation import Limits, Operation
from baremetal.engine.flow import Flow, Step
from baremetal.engine.runner import Runner
from baremetal.engine.submit import Requester, Submitter
from tests.support.clock import ManualClock
from tests.support.databases import *  # noqa: F403

HOLD_SECONDS = 3600.0
LEASE_SECONDS = 10.0
NODE = "00000001-0000-4000-8000-000000000000"


@dataclass
class Bench:
    """One node's engine, and what its steps did."""

    db: Database
    clock: ManualClock
    flows: dict[str, Flow[Task]] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = OperationStore(self.db)
        self.nodes = NodeStore(self.db, Vault([Fernet.generate_key()]))
        self.rung: list[str] = []
        self.submitter = Submitter(
            self.db, self.store, lambda group, *_: self.rung.append(group), self.clock
        )
        self.runner = Runner(self.store, self.flows, self.open_task, self.clock, HOLD_SECONDS)

    def open_task(self, operation: Operation) -> Task:
        return Task(
            operation=operation,
            node=self.nodes.get(operation.resource_uuid),
            clock=self.clock,
            phases=states.PHASES.get(operation.kind, ()),
            scratch=dict(operation.scratch),
        )

    def step(
        self, name: str, do: Callable[[Task], Any] = lambda _: None, **rest: Any
    ) -> Step[Task]:
        """A step that notes that it was done, and that it was undone."""

        def noted(task: Task) -> Any:
            self.done.append(name)
            return do(task)

        undo = rest.pop("undo", None)

        def undone(task: Task) -> None:
            self.done.append(f"undo {name}")
            if callable(undo):
                undo(task)

        return Step(name, noted, undo=undone if undo else None, **rest)

    def flow(self, kind: str, *steps: Step[Task], **rest: Any) -> None:
        self.flows[kind] = Flow(kind, steps, **rest)

    def node(self, number: int = 1, **values: Any) -> str:
        uuid = f"{number:08x}{NODE[8:]}"
        row = {"uuid": uuid, "driver": "d", "provision_state": states.MANAGEABLE, **values}
        self.nodes.create(row, (), self.clock.now())
        return uuid

    def start(
        self,
        kind: str,
        node: str = NODE,
        params: Mapping[str, Any] | None = None,
        who: str | None = None,
    ) -> str:
        row = self.nodes.row(node)
        return self.submitter.start(row, kind, params or {}, Requester(who))

    def claim(
        self, room: int = 100, host: str = "a", limits: Mapping[str, Limits] | None = None
    ) -> list[Operation]:
        now = self.clock.now()
        return self.store.claim(
            host, Place(""), room, limits or {}, now, self.clock.after(LEASE_SECONDS)
        )

    def turn(self, host: str = "a") -> int:
        """Claim and run what is queued now; how many those were."""
        claimed = self.claim(host=host)
        for operation in claimed:
            self.runner.run(operation)
        return len(claimed)

    def later(self, seconds: float) -> None:
        """Let time pass, and let a conductor look for what was lost or is overdue."""
        self.clock.pass_time(seconds)
        self.store.requeue_lost(self.clock.now())
        self.store.requeue_overdue(self.clock.now())

    def signal(self, operation: str, **signal: Any) -> None:
        self.submitter.signal(operation, "", signal)

    def state(self, node: str = NODE) -> str:
        return str(self.nodes.row(node)["provision_state"])

    def steps(self, operation: str) -> dict[str, str]:
        return {step["name"]: step["state"] for step in self.store.get(operation).steps}

    def told(self, kind: str) -> list[dict[str, Any]]:
        """The data of all events of a type."""
        return [event["data"] for event in EventLog(self.db).after(0) if event["type"] == kind]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def bench(database: Database, clock: ManualClock) -> Bench:
    made = Bench(database, clock)
    made.node()
    return made
