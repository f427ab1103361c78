"""Changing the key of the secrets while the plane works."""

import threading
from pathlib import Path
from typing import Any

import pytest

from baremetal.clock import Clock
from baremetal.db import rotation as module
from baremetal.db.database import Database
from baremetal.db.queue import Place
from baremetal.db.rotation import Rotation
from baremetal.db.vault import Vault, read_keys
from baremetal.domain.errors import Conflict, Unavailable
from tests.support.clock import ManualClock
from tests.support.house import HOST, House


@pytest.fixture
def house(database: Database, clock: ManualClock, tmp_path: Path) -> House:
    return House(database, tmp_path, clock)


@pytest.fixture
def rotation(house: House, clock: ManualClock, tmp_path: Path) -> Rotation:
    return Rotation(house.db, tmp_path / "secret.keys", clock)


def _enrol(house: House, count: int) -> None:
    for number in range(count):
        info = {"password": f"secret {number}", "deep": {"token": number + 1}}
        house.enrol(f"n{number}", driver_info=info)


def _whole(house: House, count: int) -> bool:
    return all(
        house.nodes.get(f"n{number}").driver_info["password"] == f"secret {number}"
        for number in range(count)
    )


def _with_plan(house: House, **fields: Any) -> str:
    """A node whose operation waits for its agent with a plan in hand."""
    house.enrol("planned", deploy_interface="agent", **fields)
    house.provision("planned", "manage")
    house.work()
    uuid = house.provision("planned", "provide")
    house.work()
    assert "sealed_plan" in house.store.get(uuid).scratch
    return uuid


def test_all_secrets_move_to_the_new_key_and_stay_what_they_were(
    house: House, rotation: Rotation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 3)
    _enrol(house, 8)
    house.enrol("bare")
    (old,) = read_keys(tmp_path / "secret.keys")
    versions = [house.row(f"n{number}")["version"] for number in range(8)]
    assert rotation.add_key() == 8
    new, kept = read_keys(tmp_path / "secret.keys")
    assert kept == old
    newest = Vault([new])
    for number in range(8):
        row = house.row(f"n{number}")
        assert newest.unseal(row["secrets"])["driver_info"]["password"] == f"secret {number}"
        assert row["version"] == versions[number]
    assert _whole(house, 8)
    assert rotation.reseal() == 0
    rotation.drop_old(0)
    assert read_keys(tmp_path / "secret.keys") == [new]
    assert _whole(house, 8)


def test_plans_that_wait_for_an_agent_move_too(house: House, rotation: Rotation) -> None:
    uuid = _with_plan(house)
    before = house.vault.unseal(house.store.get(uuid).scratch["sealed_plan"])
    assert rotation.add_key() == 1
    rotation.drop_old(0)
    assert house.vault.unseal(house.store.get(uuid).scratch["sealed_plan"]) == before


def test_an_old_key_stays_while_a_run_may_hold_what_it_sealed(
    house: House, rotation: Rotation, tmp_path: Path, clock: ManualClock
) -> None:
    uuid = _with_plan(house)
    house.asked("POST", f"operations/{uuid}/cancel")
    (claimed,) = house.store.claim(HOST, Place(""), 9, {}, clock.now(), clock.after(60))
    rotation.add_key()
    with pytest.raises(Conflict, match="1 operations have been running"):
        rotation.drop_old(5)
    assert len(read_keys(tmp_path / "secret.keys")) == 2
    house.restart()
    house.work()
    rotation.drop_old(5)
    assert len(read_keys(tmp_path / "secret.keys")) == 1
    assert claimed.uuid == uuid


def test_a_secret_of_an_unknown_key_stops_it_and_nothing_is_dropped(
    house: House, rotation: Rotation, tmp_path: Path
) -> None:
    _enrol(house, 1)
    (tmp_path / "secret.keys").unlink()
    with pytest.raises(Unavailable, match="not in the key file"):
        rotation.add_key()
    assert len(read_keys(tmp_path / "secret.keys")) == 1


@pytest.mark.slow
def test_nodes_that_change_meanwhile_lose_nothing(
    house: House, clock: ManualClock, tmp_path: Path
) -> None:
    # Whoever writes now has what the old key encrypted in hand, and needs real time to commit it.
    rotation = Rotation(house.db, tmp_path / "secret.keys", Clock())
    _enrol(house, 6)
    stop = threading.Event()

    def rewrite() -> None:
        number = 0
        while not stop.is_set():
            row = house.row(f"n{number % 6}")
            info = {**row["driver_info"], "round": number}
            house.nodes.update(row, {"driver_info": info}, (), clock.now())
            number += 1

    thread = threading.Thread(target=rewrite)
    thread.start()
    for _ in range(5):
        rotation.add_key()
    rotation.drop_old(0)
    stop.set()
    thread.join()
    assert _whole(house, 6)
    assert rotation.reseal() == 0
