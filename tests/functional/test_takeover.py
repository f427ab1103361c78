"""A node whose machine is about to boot becomes another conductor's: that one lays out the rest.

Two conductors, each with a directory and a DHCP server of its own, turned by hand.
"""

import os
from pathlib import Path
from typing import Any

import pytest

import baremetal.cmd.backend  # noqa: F401 - must come before anything of oslo
from baremetal.conductor.flows import FLOWS
from baremetal.conductor.netboot.upkeep import Upkeep
from baremetal.conductor.service import MEMBER_SECONDS, Conductor
from baremetal.db.conductors import ConductorStore
from baremetal.db.database import Database
from baremetal.db.queue import Place
from baremetal.domain.errors import Unavailable
from baremetal.engine.runner import Runner
from baremetal.rpc.transport import make_transport
from tests.support.clock import ManualClock
from tests.support.configuration import fresh_configuration
from tests.support.databases import *  # noqa: F403
from tests.support.house import HOST, LEASE_SECONDS, House

MAC = "52:54:00:1a:00:01"
NAME = "52-54-00-1a-00-01"
FIELDS: dict[str, Any] = {
    "driver": "ipmi",
    "power_interface": "fake",
    "management_interface": "fake",
    "boot_interface": "ipxe",
    "automated_clean": False,
}


class Half:
    """One of two conductors."""

    def __init__(self, house: House, home: Path, name: str) -> None:
        home.mkdir()
        (home / "agent.img").write_text(f"the ramdisk of {name}")
        self._house, self._home, self.name = house, home, name
        self.root, self.hosts = home / "netboot", home / "dhcp-hosts"
        self.live()

    def live(self) -> None:
        """Begin a life, its first."""
        conf = fresh_configuration(self._home)
        conf.set_override("host", self.name)
        for option, value in (
            ("url", f"http://{self.name}"),
            ("api_url", "http://api/baremetal"),
            ("deploy_kernel", "http://images/vmlinuz"),
            ("deploy_ramdisk", f"file://{self._home}/agent.img"),
        ):
            conf.set_override(option, value, group="netboot")
        for option, value in (("provider", "dnsmasq"), ("interface", "x"), ("range", "1,2")):
            conf.set_override(option, value, group="dhcp")
        house = self._house
        transport = make_transport(conf, "inproc://")
        self._conductor = Conductor(conf, house.db, house.vault, transport, house.clock)
        self._forgotten = 0
        self.tell()
        assert self._conductor._upkeep is not None
        self._upkeep: Upkeep = self._conductor._upkeep
        self._upkeep._forget = self._forget
        self._upkeep.sweep()

    def tell(self) -> None:
        """Say to the others that it lives."""
        registry, clock = self._conductor._registry, self._house.clock
        drivers = {name: registry.info(name).as_data() for name in registry.names}
        until = clock.after(MEMBER_SECONDS)
        ConductorStore(self._house.db).register(self.name, "", drivers, clock.now(), until)

    def work(self) -> int:
        """Do what is queued; how many runs that took."""
        house = self._house
        runner = Runner(house.store, FLOWS, self._conductor._open_task, house.clock, 3600)
        now, until = house.clock.now(), house.clock.after(LEASE_SECONDS)
        claimed = house.store.claim(self.name, Place(""), 100, {}, now, until)
        for operation in claimed:
            runner.run(operation)
        return len(claimed)

    def sweep(self) -> None:
        """Do the duty."""
        self._upkeep.sweep()

    def offers(self) -> tuple[list[str], list[str]]:
        """The machines that find a script, and what DHCP reads."""
        scripts = sorted(path.stem for path in (self.root / "nodes").glob("*"))
        return scripts, sorted(path.read_text() for path in self.hosts.glob("*"))

    def forgotten(self) -> int:
        """How often DHCP was to forget somebody, since the last time."""
        count, self._forgotten = self._forgotten, 0
        return count

    def versions(self) -> list[Path]:
        """Of kernels and ramdisks."""
        return sorted((self.root / "files").glob("*"))

    def _forget(self) -> None:
        self._forgotten += 1


NOTHING: tuple[list[str], list[str]] = ([], [])
ALL = ([NAME], [f"{MAC}\n"])


@pytest.fixture
def house(sqlite_database: Database, tmp_path: Path) -> House:
    clock = ManualClock()
    house = House(sqlite_database, tmp_path, clock)
    ConductorStore(house.db).leave(HOST, clock.now())
    return house


@pytest.fixture
def halves(house: House, tmp_path: Path) -> tuple[Half, Half]:
    one, other = (Half(house, tmp_path / name, name) for name in ("one", "other"))
    node = house.enrol(**FIELDS)
    house.asked("POST", "ports", {"node_uuid": node["uuid"], "address": MAC})
    house.provision("n", "manage")
    one.work()
    house.provision("n", "inspect")
    one.work()
    assert house.row("n")["provision_state"] == "inspect wait"
    return one, other


def _pass_time(house: House, alive: tuple[Half, ...]) -> None:
    """Let the others die."""
    house.clock.sleep(MEMBER_SECONDS + 1)
    for half in alive:
        half.tell()


def _away(_ident: str) -> Any:
    raise Unavailable("The database does not answer.")


def test_who_takes_over_lays_out_and_who_has_lost_takes_away(
    house: House, halves: tuple[Half, Half]
) -> None:
    one, other = halves
    for _ in range(2):
        for half in halves:
            half.tell()
            half.sweep()
        assert (one.offers(), other.offers()) == (ALL, NOTHING)
        house.clock.sleep(MEMBER_SECONDS / 2)

    _pass_time(house, ())
    one.sweep()
    assert one.offers() == ALL, "nobody else could have taken it over"
    _pass_time(house, (other,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(other._upkeep._nodes, "get", _away)
        with pytest.raises(Unavailable):
            other.sweep()
    other.sweep()
    assert other.offers() == ALL
    script = (other.root / "nodes" / f"{NAME}.ipxe").read_text()
    (version,) = other.versions()
    assert f"--name ramdisk http://other/files/{version.name}\n" in script
    assert version.read_text() == "the ramdisk of other"

    # It has only been slow, and is back: what it has begun is its own again.
    one.sweep()
    assert one.offers()[1] == [], "two DHCP servers would answer one machine"
    assert one.forgotten() == 1
    one.tell()
    house.clock.sleep(MEMBER_SECONDS / 2)
    for half in halves:
        half.sweep()
    assert one.offers() == ALL
    assert other.offers()[1] == []

    # The operation ends at the other one.
    house.provision("n", "abort")
    assert other.work() == 1
    assert house.row("n")["provision_state"] == "inspect failed"
    for half in halves:
        half.sweep()
    assert (one.offers(), other.offers()) == (NOTHING, NOTHING)


def test_a_new_life_begins_with_what_is_true_now(house: House, halves: tuple[Half, Half]) -> None:
    one, other = halves
    one.hosts.joinpath("52-54-00-1a-00-02").write_text("52:54:00:1a:00:02,ignore\n")
    (one.root / "nodes/52-54-00-1a-00-02.ipxe").write_text("#!ipxe\n")
    (one.root / "nodes" / f"{NAME}.ipxe").unlink()
    one.live()
    assert one.offers() == ALL

    _pass_time(house, (other,))
    house.provision("n", "abort")
    other.work()
    one.live()
    assert one.offers() == NOTHING


def test_versions_that_no_machine_boots_any_more_go(
    house: House, halves: tuple[Half, Half]
) -> None:
    one, _other = halves
    (booted,) = one.versions()
    former = booted.with_name("1-1-former.img")
    draft = booted.with_name(".draft-1") / "half"
    draft.parent.mkdir()
    for path in (former, draft):
        path.write_text("nobody's")
    now = house.clock.now().timestamp()
    for age, left in ((60, [draft.parent, former, booted]), (7200, [booted])):
        for path in (former, draft.parent, booted):
            os.utime(path, (now - age, now - age))
        one.sweep()
        assert set(one.versions()) == set(left)
    house.provision("n", "abort")
    one.work()
    one.sweep()
    assert one.versions() == []
