"""Drivers of shares: what they declare, how they are found and paired, and the fake ones."""

import re

import pytest

from baremetal.domain.errors import InvalidInput, NotFound
from baremetal.drivers.interfaces.configured import ConfiguredDriver
from baremetal.drivers.interfaces.export import Grant, Rule
from baremetal.drivers.interfaces.storage import Share, Snapshot, Snapshots
from baremetal.drivers.shares import (
    EXPORT,
    STORAGE,
    check_pair,
    driver_class,
    installed,
    load_export,
    load_storage,
)

ALL = [(group, name) for group in (STORAGE, EXPORT) for name in installed(group)]
SHARE = Share("one", 1 << 30)


@pytest.fixture(params=ALL, ids=[name for _, name in ALL])
def driver(request: pytest.FixtureRequest) -> ConfiguredDriver:
    made: type[ConfiguredDriver] = driver_class(*request.param)
    return made({prop.name: prop.example for prop in made.properties if prop.required})


def test_its_settings_are_told_to_people_with_an_example_that_will_do(
    driver: ConfiguredDriver,
) -> None:
    assert (type(driver).__doc__ or "").strip()
    for prop in driver.properties:
        assert re.fullmatch(r"[A-Z].{3,}\.", prop.about), prop.about
        assert prop.problem(prop.example) is None
    type(driver)({prop.name: prop.example for prop in driver.properties})


def test_a_missing_setting_is_named_with_an_example(driver: ConfiguredDriver) -> None:
    for prop in driver.properties:
        if prop.required:
            with pytest.raises(InvalidInput, match=f"{prop.name} is missing .*{prop.example}"):
                type(driver)({})


def test_a_setting_that_nobody_knows_is_refused(driver: ConfiguredDriver) -> None:
    with pytest.raises(InvalidInput, match="colour is no setting"):
        type(driver)({"colour": "red"})


def test_what_is_not_installed_is_said_with_what_is() -> None:
    with pytest.raises(InvalidInput, match=r"No driver 'tape'.* btrfs, directory, fake, zfs"):
        load_storage("tape", {})


def test_only_what_an_export_takes_goes_with_it() -> None:
    fake, directory = load_storage("fake", {}), load_storage("directory", {"path": "/srv"})
    check_pair(fake, load_export("fake", {}))
    check_pair(directory, load_export("fake", {}))
    with pytest.raises(InvalidInput, match="SambaExport exports directory, but FakeStorage makes"):
        check_pair(fake, load_export("samba", {"address": "192.0.2.1"}))


def test_the_fake_storage_says_yes_to_everything() -> None:
    storage, snapshot = load_storage("fake", {"capacity_gib": 5}), Snapshot("a", "one")
    assert isinstance(storage, Snapshots)
    tree = storage.create(SHARE)
    storage.snapshot(snapshot)
    assert storage.create(SHARE, snapshot) == storage.revert(SHARE, snapshot) == tree
    assert storage.resize(Share("one", 5)).size == 5
    assert storage.stats().total == storage.stats().free == 5 << 30
    storage.delete_snapshot(snapshot)
    storage.delete(SHARE)
    storage.delete(SHARE)


def test_the_fake_export_enforces_what_it_was_told_also_by_what_is_new() -> None:
    export = load_export("fake", {"address": "a-server-of-this-test"})
    one, two = Rule("1", "ip", "192.0.2.1"), Rule("2", "user", "anna", "ro")
    with pytest.raises(NotFound):
        export.update_access(SHARE, [one])
    tree = load_storage("fake", {}).create(SHARE)
    assert export.ensure(SHARE, tree)[0].path == "a-server-of-this-test:/shares/one"
    export.update_access(SHARE, [one], add=[one])
    export.update_access(SHARE, [one, two], add=[two])
    assert export.enforced(SHARE) == {Grant("ip", "192.0.2.1/32", "rw"), two.grant}
    export.ensure(SHARE, tree)
    export.update_access(SHARE, [two], delete=[one])
    assert export.is_in_force(SHARE, [two])
    bad = Rule("3", "ip", "192.0.2.1/24")
    assert "host bits" in export.update_access(SHARE, [one, bad]).refused["3"]
    assert export.is_in_force(SHARE, [one, bad])
    assert export.exported() == {"one"}
    export.remove(SHARE)
    export.remove(SHARE)
    assert export.exported() == frozenset()
