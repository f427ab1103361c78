"""Imports are operations: seen, cancelled, and taken up again by whoever is left."""

import itertools
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest

import baremetal.cmd.backend  # noqa: F401 - must come before anything of oslo
from tests.support.asking import ask, asked, wait_until
from tests.support.images import ImageService
from tests.support.plane import PlaneProcess
from tests.support.stalling import StallingFile, stalling

pytestmark = pytest.mark.slow

_MIB = 1 << 20
_LOCAL = """
[images]
download_local = true
"""
_OPTIONS = f"{_LOCAL}imports_at_once = 1\n"


@pytest.fixture(scope="module")
def narrow_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlaneProcess]:
    """A plane that does one import at a time."""
    with PlaneProcess(tmp_path_factory.mktemp("narrow"), options=_OPTIONS) as running:
        yield running


@pytest.fixture
def service(narrow_plane: PlaneProcess) -> Iterator[ImageService]:
    made = ImageService(narrow_plane)
    yield made
    made.clear()


@pytest.fixture
def source() -> Iterator[StallingFile]:
    with stalling(96) as file:
        yield file


def _begin(service: ImageService, source: StallingFile) -> tuple[str, str]:
    """An image into which data begins to come, and the operation that brings it."""
    image = service.new()
    method = {"name": "web-download", "uri": source.url}
    body = orjson.dumps({"method": method})
    assert service.ask("POST", f"images/{image}/import", body)[0] == 202
    (found,) = asked(service.plane, "GET", f"operations?resource_uuid={image}")["operations"]
    return image, str(found["uuid"])


def _operation(service: ImageService, uuid: str) -> dict[str, Any]:
    found: dict[str, Any] = asked(service.plane, "GET", f"operations/{uuid}")
    return found


def _under_way(service: ImageService, source: StallingFile, uuid: str) -> dict[str, Any]:
    """The operation when some of the data has come, and not all."""

    def begun() -> dict[str, Any] | None:
        if source.given < 80 * _MIB:
            source.allow(1)
        found = _operation(service, uuid)
        return found if found["progress"]["percent"] else None

    found: dict[str, Any] = wait_until(begun)
    return found


def _noted(service: ImageService, source: StallingFile, uuid: str) -> None:
    """Return when there is a checkpoint: it takes 16 MiB and a second, and shows nowhere."""
    looks = itertools.count()

    def noted() -> bool:
        with closing(sqlite3.connect(service.plane.state_dir / "baremetal.sqlite")) as base:
            query = "SELECT scratch FROM operations WHERE uuid = ?"
            (scratch,) = base.execute(query, (uuid,)).fetchone()
        if source.given < 80 * _MIB and next(looks) % 3 == 0:
            source.allow(1)
        return "checkpoint" in scratch

    source.allow(20)
    wait_until(lambda: source.given >= 16 * _MIB)
    wait_until(noted)


def _end(service: ImageService, source: StallingFile, uuid: str) -> dict[str, Any]:
    """The operation when it is over; its data comes slowly, so that it has time to stop."""

    def over() -> dict[str, Any] | None:
        source.allow(1)
        found = _operation(service, uuid)
        return found if found["finished_at"] else None

    ended: dict[str, Any] = wait_until(over, 120)
    return ended


def test_an_import_is_an_operation_with_progress(
    service: ImageService, source: StallingFile
) -> None:
    image, uuid = _begin(service, source)
    some = _under_way(service, source, uuid)
    about = tuple(some[name] for name in ("kind", "resource_type", "resource_uuid", "state"))
    assert about == ("import", "image", image, "running")
    assert some["node_uuid"] is None
    assert 0 < some["progress"]["percent"] < 100
    assert " of 96 MiB, " in some["progress"]["message"]
    assert service.status(image) == "importing"
    source.allow(96)
    ended = _end(service, source, uuid)
    assert (ended["state"], ended["progress"]["percent"]) == ("succeeded", 100)
    assert [(step["name"], step["state"]) for step in ended["steps"]] == [
        ("fetch", "done"),
        ("publish", "done"),
    ]
    assert service.show(image)["os_hash_value"] == source.sha512
    told = asked(service.plane, "GET", "events?limit=1000")["events"]
    mine = [event for event in told if event["data"].get("operation_uuid") == uuid]
    assert {event["type"] for event in mine} == {"operation.state", "operation.progress"}


def test_an_import_that_is_cancelled_leaves_nothing(
    service: ImageService, source: StallingFile
) -> None:
    image, uuid = _begin(service, source)
    _noted(service, source, uuid)
    assert service.kept(), "what was verified is kept aside, until it is cancelled"
    done = subprocess.run(
        (sys.executable, "-m", "baremetal.cmd.main", "operation", "cancel", uuid),
        env={
            **os.environ,
            "OS_CLIENT_CONFIG_FILE": str(service.plane.clouds),
            "OS_CLOUD": "baremetal",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ended = _end(service, source, uuid)
    assert (ended["state"], ended["cause"]) == ("cancelled", "cancelled")
    found = service.show(image)
    assert (found["status"], found["size"]) == ("queued", None)
    assert "stopped by cancel at step 'fetch'" in found["os_glance_import_message"]
    assert service.kept() == []
    autopsy = asked(service.plane, "GET", f"operations/{uuid}/autopsy")
    assert autopsy["next"][0] == f"baremetal image show {image}"


def test_an_import_that_waits_for_its_turn_can_be_cancelled(
    service: ImageService, source: StallingFile
) -> None:
    first, running = _begin(service, source)
    wait_until(lambda: _operation(service, running)["state"] == "running")
    second, waiting = _begin(service, source)
    assert _operation(service, waiting)["state"] == "queued"
    assert service.status(second) == "importing"
    assert ask(service.plane, "POST", f"operations/{waiting}/cancel")[0] == 202
    source.allow(96)
    assert _end(service, source, running)["state"] == "succeeded"
    assert _end(service, source, waiting)["state"] == "cancelled"
    assert (service.status(first), service.status(second)) == ("active", "queued")


def test_an_image_that_is_deleted_meanwhile_takes_its_import_along(
    service: ImageService, source: StallingFile
) -> None:
    image, uuid = _begin(service, source)
    _under_way(service, source, uuid)
    service.document("DELETE", f"images/{image}")
    assert _end(service, source, uuid)["state"] == "cancelled"
    assert service.kept() == []


def test_an_import_is_taken_up_after_a_kill_where_it_last_was_verified(
    tmp_path: Path, source: StallingFile
) -> None:
    state = tmp_path / "state"
    with PlaneProcess(state, options=_LOCAL) as plane:
        service = ImageService(plane)
        image, uuid = _begin(service, source)
        _noted(service, source, uuid)
        plane.kill()
        source.forget()
        plane.start()
        source.allow(96)
        ended = _end(service, source, uuid)
        assert (ended["state"], ended["attempts"]) == ("succeeded", 2)
        assert min(source.starts) >= 16 * _MIB
        found = service.show(image)
        assert (found["size"], found["os_hash_value"]) == (source.size, source.sha512)
        assert [path.stat().st_size for path in service.kept()] == [source.size]
        service.clear()
