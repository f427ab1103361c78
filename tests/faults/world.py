"""One node, its machine and its plane, in this process; copied as it is for each trial."""

import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from baremetal.conductor.flows import FLOWS
from baremetal.conductor.task import NodeTask
from baremetal.db.database import Database
from baremetal.db.events import EventLog
from baremetal.db.inventories import get_inventory
from baremetal.db.operations import OperationStore
from baremetal.domain import operation as op
from baremetal.domain import states
from baremetal.domain.operation import Operation
from baremetal.engine.flow import Flow
from tests.faults.lives import MORE, Life
from tests.faults.mortal import Killed
from tests.support.agent import ScriptedAgent
from tests.support.clock import ManualClock
from tests.support.house import House
from tests.support.thirdparty.acme_baremetal.machine import make_machine, read_machine

MAC = "52:54:00:00:00:01"
NODE = "n"
_OPTIONS = {"enabled_hardware_types": ["fake-hardware", "acme"]}
#: So often an operation may be taken up before a test gives up.
_MOST_TURNS = 40
#: Columns that tell when and how often, not what.
_VOLATILE = ("id", "version", "agent_token", "agent_url", "secrets")


class World:
    """A plane with one node, in a directory of its own."""

    def __init__(
        self,
        directory: Path,
        database: Path,
        flows: Mapping[str, Flow[NodeTask]] = FLOWS,
        clock: ManualClock | None = None,
    ) -> None:
        self.directory = directory
        self.machine = directory / "machine.json"
        self.clock = clock or ManualClock()
        self.db = Database(f"sqlite:///{database}")
        self.house = House(self.db, directory, self.clock, _OPTIONS, flows)
        self.agent = ScriptedAgent(self.house, MAC, self._do)

    def close(self) -> None:
        """Let go of the database."""
        self.db.close()

    # -- a node --------------------------------------------------------------

    def enrol(self, style: str) -> None:
        """The node, driven in this style."""
        make_machine(self.machine)
        agent = {f"{kind}_interface": "agent" for kind in ("deploy", "inspect", "rescue")}
        self.house.enrol(
            NODE,
            driver="fake-hardware" if style == "fake" else "acme",
            driver_info={"acme_chassis": str(self.machine), "acme_pin": "1234"},
            instance_info={"image_source": "http://images.example.org/a.raw"},
            **(agent if style == "acme-agent" else {}),
        )
        node = self.house.row(NODE)["uuid"]
        self.house.asked("POST", "ports", {"address": MAC, "node_uuid": node})

    def start(self, verb: str, more: Mapping[str, Any]) -> str:
        """Ask for a verb or a power state; the uuid of the operation."""
        if verb in states.POWER_TARGETS:
            self.house.asked("PUT", f"nodes/{NODE}/states/power", {"target": verb, **more})
            return str(self.house.row(NODE)["operation_uuid"])
        return self.house.provision(NODE, verb, **more)

    def live(self, uuid: str) -> Operation:
        """Let everything happen until the operation is over; what kills a run, restarts it."""
        for _ in range(_MOST_TURNS):
            try:
                self.house.work()
            except Killed:
                self.house.restart()
                continue
            operation = self.house.store.get(uuid)
            if operation.state in op.OVER:
                return operation
            assert operation.state == op.WAITING, operation
            if self.house.row(NODE)["provision_state"] in states.HELD:
                self.house.provision(NODE, "unhold")
            else:
                assert self.agent.turn(), "it waits for an agent that has nothing to do"
        raise AssertionError(f"it never ends: {self.house.store.get(uuid)}")

    def _do(self, step: str, _args: dict[str, Any]) -> None:
        """What the agent does to the machine that it runs on."""
        found = read_machine(self.machine)
        assert found["power"] == states.POWER_ON, "an agent works on a machine that is off"
        assert found["ramdisk"], "an agent works on a machine without its ramdisk"
        effects = {"write_image": "image", "erase_devices_metadata": "", "erase_devices": ""}
        if step in effects:
            make_machine(self.machine, **{**found, "disk": effects[step]})

    # -- what became of it ---------------------------------------------------

    def outcome(self, uuid: str) -> dict[str, Any]:
        """All that must be the same however it came about."""
        row, operation = self.house.row(NODE), self.house.store.get(uuid)
        machine = read_machine(self.machine)
        told = EventLog(self.db).after(0, limit=10_000)
        return {
            "node": {
                name: value
                for name, value in row.items()
                if name not in _VOLATILE and not name.endswith("_at")
            },
            "times": [name for name in row if name.endswith("_at") and row[name]],
            "instance": self.house.nodes.get(NODE).instance_info,
            "inventory": get_inventory(self.db, row["uuid"]),
            "operation": (operation.state, [(s["name"], s["state"]) for s in operation.steps]),
            "machine": {
                name: machine[name] for name in ("power", "boot_device", "ramdisk", "disk")
            },
            "states": [
                (event["data"]["from"], event["data"]["to"])
                for event in told
                if event["type"] == "node.provision_state"
            ],
            "ends": [
                event["data"]["state"]
                for event in told
                if event["type"] == "operation.state" and event["data"]["state"] in op.OVER
            ],
        }

    def assert_free(self) -> None:
        """Nothing holds the node any more."""
        row = self.house.row(NODE)
        held = ["operation_uuid", "reservation", "target_power_state"]
        if row["provision_state"] not in (states.RESCUE, states.UNRESCUE_FAILED):
            # A rescue's agent stays, and is known.
            held.append("agent_token")
        assert {name: row[name] for name in held} == dict.fromkeys(held)


class Template:
    """Where a life begins; `world` gives as many as are wanted, one at a time."""

    def __init__(self, directory: Path, empty: Path, style: str, verbs: tuple[str, ...]) -> None:
        self._directory = directory
        self._database = directory / "template.sqlite"
        shutil.copy(empty, self._database)
        world = World(directory, self._database)
        world.enrol(style)
        for verb in verbs:
            world.live(world.start(verb, MORE.get(verb, {})))
            world.assert_free()
        world.close()
        with sqlite3.connect(self._database) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        self._machine = read_machine(world.machine)
        self._trials = 0

    def world(self, flows: Mapping[str, Flow[NodeTask]] = FLOWS, **machine: Any) -> World:
        """The world at this point; differences of the machine may be given."""
        self._trials += 1
        database = self._directory / f"trial{self._trials}.sqlite"
        shutil.copy(self._database, database)
        clock = ManualClock()
        clock.pass_time(3600)
        world = World(self._directory, database, flows, clock)
        make_machine(world.machine, **{**self._machine, "calls": [], **machine})
        return world


def begun(world: World, life: Life) -> str:
    """The uuid of the operation that a life is about."""
    uuid = world.start(life.verb, life.more)
    assert world.house.store.get(uuid).kind == life.kind
    return uuid


def mortal(world: World, store: OperationStore) -> None:
    """Let runs write through `store`, until the next restart."""
    world.house.store = store
