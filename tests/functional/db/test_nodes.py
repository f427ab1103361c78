"""The nodes repository: compare and swap, secrets, events."""

import threading
from typing import Any

import pytest
import sqlalchemy as sa

from baremetal.db import tables
from baremetal.db.database import Database
from baremetal.db.events import EventLog
from baremetal.db.nodes import NodeStore
from baremetal.db.records import Records
from baremetal.db.vault import Vault
from baremetal.domain.errors import AlreadyExists, ChangedMeanwhile, NotFound
from baremetal.domain.secrets import MASK
from tests.support.clock import ManualClock

ALPHABET = "0123456789abcdef"


def _uuid(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"


def _create(nodes: NodeStore, clock: ManualClock, number: int = 1, **values: Any) -> str:
    uuid = _uuid(number)
    row = {"uuid": uuid, "driver": "fake-hardware", "provision_state": "enroll", **values}
    declared = row.pop("declared", ())
    nodes.create(row, declared, clock.now())
    return uuid


def _stored_text(database: Database) -> str:
    """All that is in the table, as somebody with the file would read it."""
    with database.read() as connection:
        return str(connection.execute(sa.text("SELECT * FROM nodes")).all())


def test_a_node_is_found_by_uuid_in_any_case_and_by_name(
    nodes: NodeStore, clock: ManualClock
) -> None:
    uuid = _create(nodes, clock, 0xABC, name="rack1")
    assert nodes.row(uuid.upper())["name"] == "rack1"
    assert nodes.row("rack1")["uuid"] == uuid
    with pytest.raises(NotFound, match="rack2"):
        nodes.row("rack2")


def test_a_node_comes_with_its_addresses_in_order(
    nodes: NodeStore, database: Database, clock: ManualClock
) -> None:
    uuid = _create(nodes, clock)
    other = _create(nodes, clock, 2)
    ports = Records(database, tables.ports, "Port", ("address",))
    macs = ["52:54:00:00:00:02", "52:54:00:00:00:01"]
    for number, mac in enumerate(macs):
        ports.insert({"uuid": _uuid(100 + number), "address": mac, "node_uuid": uuid}, clock.now())
    assert nodes.get(uuid).macs == tuple(macs)
    assert nodes.get(other).macs == ()
    asked = [macs[1], "52:54:00:00:00:09"]
    assert nodes.held_by_macs(asked) == set()
    nodes.note(uuid, clock.now(), operation_uuid=_uuid(200))
    assert nodes.held_by_macs(asked) == {uuid}


@pytest.mark.parametrize("column", ["name", "instance_uuid"])
def test_what_must_be_unique_is_refused_with_its_name(
    nodes: NodeStore, clock: ManualClock, column: str
) -> None:
    value = _uuid(77)
    _create(nodes, clock, 1, **{column: value})
    with pytest.raises(AlreadyExists, match=f"{column} {value}"):
        _create(nodes, clock, 2, **{column: value})
    other = _create(nodes, clock, 3)
    with pytest.raises(AlreadyExists, match=f"{column} {value}"):
        nodes.update(nodes.row(other), {column: value}, (), clock.now())
    with pytest.raises(AlreadyExists, match=f"UUID {other}"):
        _create(nodes, clock, 3)


def test_of_two_changes_to_the_same_reading_one_is_refused(
    nodes: NodeStore, clock: ManualClock
) -> None:
    row = nodes.row(_create(nodes, clock))
    nodes.update(row, {"description": "first"}, (), clock.now())
    with pytest.raises(ChangedMeanwhile):
        nodes.update(row, {"description": "second"}, (), clock.now())
    with pytest.raises(ChangedMeanwhile):
        nodes.delete(row, clock.now())
    after = nodes.row(row["uuid"])
    assert (after["description"], after["version"]) == ("first", row["version"] + 1)


def test_concurrent_changes_are_all_there_in_the_end(nodes: NodeStore, clock: ManualClock) -> None:
    uuid = _create(nodes, clock)
    refused = []

    def add(letter: str) -> None:
        while True:
            row = nodes.row(uuid)
            try:
                extra = {**row["extra"], letter: 1}
                nodes.update(row, {"extra": extra}, (), clock.now())
                return
            except ChangedMeanwhile:
                refused.append(letter)

    threads = [threading.Thread(target=add, args=(letter,)) for letter in ALPHABET]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    row = nodes.row(uuid)
    assert sorted(row["extra"]) == sorted(ALPHABET)
    assert row["version"] == 1 + len(ALPHABET)


def test_a_node_takes_its_parts_with_it(
    nodes: NodeStore, database: Database, clock: ManualClock
) -> None:
    uuid, kept = _create(nodes, clock, 1), _create(nodes, clock, 2)
    ports = Records(database, tables.ports, "Port", ("address",))
    for number, owner in enumerate((uuid, kept)):
        mac = f"52:54:00:00:00:0{number}"
        ports.insert({"uuid": _uuid(50 + number), "address": mac, "node_uuid": owner}, clock.now())
    nodes.delete(nodes.row(uuid), clock.now())
    with pytest.raises(NotFound):
        nodes.row(uuid)
    with pytest.raises(NotFound):
        ports.get(_uuid(50))
    assert ports.get(_uuid(51))["node_uuid"] == kept


def test_a_node_that_an_operation_holds_is_not_deleted(
    nodes: NodeStore, clock: ManualClock
) -> None:
    uuid = _create(nodes, clock, operation_uuid=_uuid(9))
    with pytest.raises(ChangedMeanwhile):
        nodes.delete(nodes.row(uuid), clock.now())


# -- secrets -----------------------------------------------------------------


def test_secrets_are_six_stars_for_all_and_in_the_clear_for_drivers_alone(
    nodes: NodeStore, database: Database, clock: ManualClock
) -> None:
    info = {"ipmi_address": "10.0.0.1", "ipmi_password": "hunter2", "v3": {"auth_key": "deep1"}}
    uuid = _create(nodes, clock, driver_info=info, instance_info={"configdrive": "user-data"})
    row = nodes.row(uuid)
    assert row["driver_info"] == {
        "ipmi_address": "10.0.0.1",
        "ipmi_password": MASK,
        "v3": {"auth_key": MASK},
    }
    assert row["instance_info"] == {"configdrive": MASK}
    node = nodes.get(uuid)
    assert node.driver_info == info
    assert node.instance_info == {"configdrive": "user-data"}
    text = _stored_text(database) + repr(node)
    assert not [secret for secret in ("hunter2", "deep1", "user-data") if secret in text]


def test_what_is_written_back_masked_stays_what_it_was(
    nodes: NodeStore, clock: ManualClock
) -> None:
    uuid = _create(nodes, clock, driver_info={"a": 1, "token": "t", "b": {"password": "p"}})
    row = nodes.row(uuid)
    nodes.update(row, {"driver_info": {**row["driver_info"], "a": 2}}, (), clock.now())
    assert nodes.get(uuid).driver_info == {"a": 2, "token": "t", "b": {"password": "p"}}


def test_a_secret_is_replaced_or_taken_away_by_writing_so(
    nodes: NodeStore, database: Database, clock: ManualClock, vault: Vault
) -> None:
    uuid = _create(nodes, clock, driver_info={"password": "old", "token": "gone"})
    nodes.update(nodes.row(uuid), {"driver_info": {"password": "new"}}, (), clock.now())
    assert nodes.get(uuid).driver_info == {"password": "new"}
    assert vault.unseal(nodes.row(uuid)["secrets"])["driver_info"] == {"password": "new"}


def test_another_column_does_not_touch_the_secrets(nodes: NodeStore, clock: ManualClock) -> None:
    uuid = _create(nodes, clock, driver_info={"password": "p"}, instance_info={"token": "t"})
    nodes.update(nodes.row(uuid), {"instance_info": {"other": 1}}, (), clock.now())
    assert nodes.get(uuid).driver_info == {"password": "p"}
    assert nodes.get(uuid).instance_info == {"other": 1}


def test_a_declared_secret_stays_one_under_a_driver_that_does_not_declare_it(
    nodes: NodeStore, clock: ManualClock
) -> None:
    uuid = _create(nodes, clock, driver_info={"acme_pin": "1234"}, declared={"acme_pin"})
    row = nodes.row(uuid)
    changed = {"driver": "other", "driver_info": {**row["driver_info"], "x": 1}}
    nodes.update(row, changed, (), clock.now())
    assert nodes.row(uuid)["driver_info"] == {"acme_pin": MASK, "x": 1}
    assert nodes.get(uuid).driver_info == {"acme_pin": "1234", "x": 1}


def test_a_driver_that_declares_a_secret_makes_one_of_what_was_plain(
    nodes: NodeStore, clock: ManualClock
) -> None:
    uuid = _create(nodes, clock, driver_info={"acme_pin": "1234"})
    assert nodes.row(uuid)["driver_info"] == {"acme_pin": "1234"}
    nodes.update(nodes.row(uuid), {"driver": "acme"}, {"acme_pin"}, clock.now())
    assert nodes.row(uuid)["driver_info"] == {"acme_pin": MASK}
    assert nodes.get(uuid).driver_info == {"acme_pin": "1234"}


def test_the_instance_goes_with_its_secrets_and_the_machine_keeps_its_own(
    nodes: NodeStore, clock: ManualClock
) -> None:
    uuid = _create(nodes, clock, driver_info={"password": "p"}, instance_info={"token": "t"})
    more = nodes.with_instance_info(nodes.row(uuid), {"configdrive": "c"})
    nodes.note(uuid, clock.now(), **more)
    assert nodes.get(uuid).instance_info == {"token": "t", "configdrive": "c"}
    nodes.note(uuid, clock.now(), **nodes.without_instance(nodes.get(uuid)))
    assert nodes.get(uuid).instance_info == {}
    assert nodes.get(uuid).driver_info == {"password": "p"}


# -- events ------------------------------------------------------------------


def test_what_becomes_of_a_node_is_told_in_order(
    nodes: NodeStore, database: Database, clock: ManualClock
) -> None:
    uuid = _create(nodes, clock, name="n", driver_info={"password": "hunter2"})
    row = nodes.row(uuid)
    changed = {"provision_state": "manageable", "power_state": "power on", "description": "d"}
    nodes.update(row, changed, (), clock.now())
    nodes.delete(nodes.row(uuid), clock.now())
    events = EventLog(database).after(0)
    assert [event["type"] for event in events] == [
        "node.created",
        "node.provision_state",
        "node.power_state",
        "node.deleted",
    ]
    assert all(event["node_uuid"] == uuid and event["data"]["at"] for event in events)
    change = events[1]["data"]
    assert (change["name"], change["from"], change["to"]) == ("n", "enroll", "manageable")
    assert "hunter2" not in str(events)


def test_a_change_that_is_refused_leaves_no_event(
    nodes: NodeStore, database: Database, clock: ManualClock
) -> None:
    row = nodes.row(_create(nodes, clock, 1))
    nodes.update(row, {"description": "x"}, (), clock.now())
    before = EventLog(database).last_id()
    with pytest.raises(ChangedMeanwhile):
        nodes.update(row, {"provision_state": "manageable"}, (), clock.now())
    with pytest.raises(AlreadyExists):
        _create(nodes, clock, 1)
    assert EventLog(database).last_id() == before
