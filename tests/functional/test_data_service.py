"""``baremetal-data`` as a process of its own, without any broker."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import baremetal.cmd.backend  # noqa: F401 - must come before anything of oslo
from baremetal.clock import Clock
from baremetal.db.database import Database
from baremetal.db.images import ImageStore
from baremetal.db.operations import OperationStore
from baremetal.domain import operation as op
from tests.support.asking import wait_until
from tests.support.databases import *  # noqa: F403
from tests.support.house import House
from tests.support.stalling import stalling

pytestmark = pytest.mark.slow

_IMAGE = "0f6d2f1e-52b8-4a1c-9f43-7c1f3a1f0a01"


@contextmanager
def _service(state: Path) -> Iterator["subprocess.Popen[bytes]"]:
    config = state / "data.conf"
    text = f"[DEFAULT]\nstate_dir = {state}\ntransport_url = rabbit://127.0.0.1:9/\n"
    config.write_text(f"{text}[images]\ndownload_local = true\n")
    command = (sys.executable, "-m", "baremetal.cmd.data", "--config-file", str(config))
    with (state / "data.log").open("ab") as log:
        process = subprocess.Popen(command, stderr=log, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_it_does_what_is_queued_and_lets_go_when_told_to(
    sqlite_database: Database, tmp_path: Path
) -> None:
    house = House(sqlite_database, tmp_path, Clock())
    formats = {"disk_format": "raw", "container_format": "bare"}
    row = {"uuid": _IMAGE, "status": "queued", "visibility": "public", **formats}
    ImageStore(house.db).insert(row, Clock().now())
    store = OperationStore(house.db)
    with stalling(8) as source:
        method = {"name": "web-download", "uri": source.url}
        path = f"/image/v2/images/{_IMAGE}/import"
        assert house.request("POST", path, {"method": method}).status == 202
        (found,) = house.asked("GET", "operations")["operations"]
        with _service(tmp_path) as process:
            wait_until(lambda: store.get(found["uuid"]).state == op.RUNNING, 60)
            assert str(store.get(found["uuid"]).owner).endswith(" (data)")
            source.allow(8)
            wait_until(lambda: store.get(found["uuid"]).state == op.SUCCEEDED, 60)
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
    assert ImageStore(house.db).row(_IMAGE)["status"] == "active"
    assert (tmp_path / "images").is_dir()
