"""Who looks after what, as the database tells of the conductors."""

import pytest

from baremetal.db.conductors import ConductorStore
from baremetal.db.database import Database
from baremetal.domain.catalog import HardwareInfo
from baremetal.domain.errors import InvalidInput, Unavailable
from baremetal.domain.node import SLOTS
from baremetal.engine.members import Members
from tests.support.clock import ManualClock
from tests.support.databases import *  # noqa: F403

_SECONDS = 10.0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def members(database: Database, clock: ManualClock) -> Members:
    """Of one group, whose conductors have different drivers in part."""
    store = ConductorStore(database)
    for host, drivers in (("a", ("both", "mine")), ("b", ("both",))):
        info = {name: HardwareInfo(name, {}, {}).as_data() for name in drivers}
        store.register(host, "", info, clock.now(), clock.after(_SECONDS))
    return Members(store, clock)


def test_a_bell_is_rung_at_one_who_has_the_driver(members: Members) -> None:
    assert {members.host_in("", "mine", slot) for slot in range(SLOTS)} == {"a"}
    assert {members.host_in("", "both", slot) for slot in range(SLOTS)} == {"a", "b"}
    assert {members.host_in("", None, None) for _ in range(4)} == {"a", "b"}
    assert members.host_in("elsewhere", None, None) is None


def test_what_others_have_and_we_have_not_is_foreign(members: Members) -> None:
    assert members.foreign("b", "") == {"mine"}
    assert members.foreign("a", "") == set()


def test_nobody_alive_is_another_thing_than_nobody_who_could(
    members: Members, clock: ManualClock
) -> None:
    with pytest.raises(InvalidInput, match="No valid host"):
        members.hardware("other")
    clock.pass_time(_SECONDS + 1)
    with pytest.raises(Unavailable, match="is alive at the moment"):
        members.hardware("both")
    with pytest.raises(InvalidInput, match="No valid host"):
        members.hardware("both", "a group that never was")
