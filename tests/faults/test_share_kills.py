"""A share service that dies anywhere goes on when it is back: nothing sticks, nothing is left."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from baremetal.clock import Clock
from baremetal.db.database import Database
from baremetal.db.operations import OperationStore
from baremetal.db.queue import Place
from baremetal.db.share_access import AccessStore
from baremetal.db.share_backends import BackendStore
from baremetal.db.share_snapshots import SnapshotStore
from baremetal.db.share_types import TypeStore
from baremetal.db.shares import ShareStore
from baremetal.db.vault import Vault
from baremetal.domain import share as sh
from baremetal.domain.errors import NotFound
from baremetal.drivers.export.fake import FakeExport
from baremetal.drivers.interfaces.storage import Share
from baremetal.drivers.storage.directory import DirectoryStorage
from baremetal.engine.runner import Runner
from baremetal.rpc.transport import make_transport
from baremetal.scheduler.share_placement import ShareScheduler
from baremetal.shares.flows import FLOWS
from baremetal.shares.service import ShareService
from tests.faults.mortal import AFTER, BEFORE, Killed, MortalStore
from tests.support.configuration import fresh_configuration

#: What of drivers changes something outside.
_CALLS = (
    *((DirectoryStorage, name) for name in ("create", "delete", "resize", "snapshot", "revert")),
    (DirectoryStorage, "delete_snapshot"),
    *((FakeExport, name) for name in ("ensure", "remove", "update_access")),
)
CLOCK = Clock()
_SHARE = "5e3d0a3c-96bb-4e07-a8ce-8b3b0d5d7c01"
_INSTANCE = "5e3d0a3c-96bb-4e07-a8ce-8b3b0d5d7c02"
_SNAPSHOT = "5e3d0a3c-96bb-4e07-a8ce-8b3b0d5d7c03"
_RULE = "5e3d0a3c-96bb-4e07-a8ce-8b3b0d5d7c04"


class World:
    """One share service on a directory, and what a caller does, in this process."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.pool = home / "pool"
        self.pool.mkdir(exist_ok=True)
        self.db = Database(f"sqlite:///{home / 'baremetal.sqlite'}")
        self.shares, self.access = ShareStore(self.db), AccessStore(self.db)
        self.snapshots = SnapshotStore(self.db)
        self.service = self._service()
        self.service._reports.report()
        self.service._ensure_type()

    def _service(self) -> ShareService:
        options = (
            "[shares]\nenabled_backends = here\n[share_backend:here]\nstorage = directory\n"
            f"path = {self.pool}\nexport = fake\naddress = {self.home}\n"
        )
        conf = fresh_configuration(self.home, options)
        transport = make_transport(conf, "inproc://")
        return ShareService(conf, self.db, Vault.open(self.home / "keys"), transport, CLOCK)

    def intent(self, kind: str, of: str = "share", **params: Any) -> dict[str, Any]:
        host = self.service._conf.host
        return {
            "uuid": CLOCK.new_uuid(),
            "kind": kind,
            "resource_type": of,
            "resource_uuid": _SHARE if of == "share" else _SNAPSHOT,
            "conductor_group": sh.queue_of(host),
            "params": params,
            "requested_by": None,
            "request_id": None,
            "global_request_id": None,
        }

    def work(self, store: OperationStore | None = None) -> None:
        """Carry out all that is queued; `store` may die, which is the end of this process."""
        store = store or OperationStore(self.db)
        conf = self.service._conf
        runner = Runner(store, FLOWS, self.service._open_task, CLOCK, hold_seconds=0)
        place = Place(sh.queue_of(conf.host))
        while claimed := store.claim("me", place, 4, {}, CLOCK.now(), CLOCK.after(600)):
            for operation in claimed:
                runner.run(operation)

    def live(self, store: MortalStore | None = None) -> None:
        """As `work`; who has died comes back, remembering nothing."""
        try:
            self.work(store)
        except Killed:
            self.service = self._service()
            OperationStore(self.db).requeue_lost(CLOCK.now(), "me")
            self.work()

    def outcome(self) -> dict[str, Any]:
        """All that counts in the end."""
        try:
            row = self.shares.row(_SHARE)
        except NotFound:
            row = {}
        rules = [(r["access_to"], r["state"]) for r in self.access.of(_SHARE)]
        (backend,) = BackendStore(self.db).all()
        names = ("status", "access_rules_status", "size", "claimed", "progress")
        return {
            "share": {name: row[name] for name in names} if row else None,
            "rules": rules,
            "locations": [
                one["path"].replace(str(self.home), "") for one in self.shares.locations(_SHARE)
            ],
            "snapshots": self.snapshots.newest(_SHARE),
            "allocated": backend["allocated"],
            "files": sorted(
                str(path.relative_to(self.pool))
                for path in self.pool.rglob("*")
                if ".aside" not in path.parts
            ),
            "aside": sorted(path.name for path in self.pool.glob(".aside/*")),
            "exported": self._exported(),
        }

    def _exported(self) -> set[tuple[str, str]]:
        export = self.service._backends.all["here"].export
        return {
            (share, grant.to)
            for share in export.exported()
            for grant in export.enforced(Share(share, 0))
        } | {(share, "") for share in export.exported()}

    # -- what callers do -----------------------------------------------------

    def create(self) -> None:
        type_ = TypeStore(self.db).get("default")
        values = {
            "uuid": _SHARE,
            "instance_uuid": _INSTANCE,
            "project_id": "p",
            "size": 1,
            "share_proto": "NFS",
            "status": sh.CREATING,
            "access_rules_status": sh.ACTIVE,
            "share_type": type_["uuid"],
            "share_type_name": "default",
            "metadata": {},
        }
        wish = sh.Wish(size=1, protocol="NFS", specs=type_["extra_specs"])
        scheduler = ShareScheduler(self.db, CLOCK)
        assert scheduler.place(wish, values, (), self.intent(sh.CREATE)) is not None

    def allow(self) -> None:
        rule = {
            "uuid": _RULE,
            "share_uuid": _SHARE,
            "access_type": "ip",
            "access_to": "192.0.2.0/24",
            "access_level": "rw",
            "state": sh.TO_APPLY,
            "metadata": {},
        }
        self.access.allow(rule, self.intent(sh.ACCESS), CLOCK.now())

    def deny(self) -> None:
        self.access.deny(self.access.get(_RULE), self.intent(sh.ACCESS), CLOCK.now())

    def extend(self) -> None:
        (pool,) = BackendStore(self.db).pools(CLOCK.now())
        row, intent = self.shares.row(_SHARE), self.intent(sh.EXTEND, size=2)
        self.shares.start(row, intent, CLOCK.now(), 2, pool, ())

    def take(self) -> None:
        values = {
            "uuid": _SNAPSHOT,
            "share_uuid": _SHARE,
            "project_id": "p",
            "status": sh.CREATING,
            "size": 1,
            "share_proto": "NFS",
            "metadata": {},
        }
        self.snapshots.create(values, (), self.intent(sh.SNAPSHOT, "share_snapshot"), CLOCK.now())

    def revert(self) -> None:
        intent = self.intent(sh.REVERT, snapshot=_SNAPSHOT)
        self.shares.start(self.shares.row(_SHARE), intent, CLOCK.now())

    def forget(self) -> None:
        intent = self.intent(sh.SNAPSHOT_DELETE, "share_snapshot")
        self.snapshots.start_delete(self.snapshots.row(_SNAPSHOT), intent, CLOCK.now())

    def delete(self) -> None:
        self.shares.start_delete(self.shares.row(_SHARE), self.intent(sh.DELETE), CLOCK.now())


#: What is done at last -> what is done before it.
LIVES: dict[str, tuple[str, ...]] = {
    "create": (),
    "allow": ("create",),
    "deny": ("create", "allow"),
    "extend": ("create",),
    "take": ("create",),
    "revert": ("create", "allow", "take"),
    "forget": ("create", "take"),
    "delete": ("create", "allow"),
}


@pytest.fixture
def worlds(empty_sqlite_file: Path, tmp_path: Path) -> Iterator[Callable[[str], World]]:
    """Makes worlds in which all is done but the last thing, which is asked for."""
    made: list[World] = []

    def make(last: str) -> World:
        home = tmp_path / str(len(made))
        home.mkdir()
        shutil.copy(empty_sqlite_file, home / "baremetal.sqlite")
        made.append(World(home))
        for word in LIVES[last]:
            getattr(made[-1], word)()
            made[-1].work()
        getattr(made[-1], last)()
        return made[-1]

    yield make
    for world in made:
        world.db.close()


class Deaths:
    """Counts the calls of drivers, and dies before or after one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count, self.at, self.when = 0, 0, BEFORE
        for cls, name in _CALLS:
            monkeypatch.setattr(cls, name, self._mortal(getattr(cls, name)))

    def due(self, at: int, when: str) -> None:
        self.count, self.at, self.when = 0, at, when

    def _mortal(self, call: Any) -> Any:
        def mortal(*args: Any, **rest: Any) -> Any:
            self.count += 1
            due = self.count == self.at
            if due and self.when == BEFORE:
                raise Killed
            found = call(*args, **rest)
            if due:
                raise Killed
            return found

        return mortal


@pytest.mark.parametrize("last", LIVES)
def test_killed_anywhere_it_goes_on(
    worlds: Callable[[str], World], last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaths = Deaths(monkeypatch)
    world = worlds(last)
    store = MortalStore(world.db)
    deaths.due(0, BEFORE)
    world.work(store)
    calls, expected = deaths.count, world.outcome()
    assert calls >= 1
    if last == "delete":
        assert expected["share"] is None
        assert expected["files"] == ["shares"]
        assert expected["exported"] == set()
        assert expected["allocated"] == 0
    else:
        assert expected["share"]["status"] == "available"
        assert expected["share"]["access_rules_status"] == "active"
    for when in (BEFORE, AFTER):
        for at in range(1, store.count + 1):
            world = worlds(last)
            world.live(MortalStore(world.db, at, when))
            assert world.outcome() == expected, ("write", at, when)
        for at in range(1, calls + 1):
            world = worlds(last)
            deaths.due(at, when)
            world.live()
            deaths.due(0, BEFORE)
            assert world.outcome() == expected, ("call", at, when)
