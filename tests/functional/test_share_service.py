"""``baremetal-share`` as a process of its own, without any broker."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import baremetal.cmd.backend  # noqa: F401 - must come before anything of oslo
from baremetal.db.database import Database
from tests.support.asking import wait_until
from tests.support.databases import *  # noqa: F403
from tests.support.house import HOST
from tests.support.share_house import ShareHouse

pytestmark = pytest.mark.slow


@contextmanager
def _service(state: Path) -> Iterator["subprocess.Popen[bytes]"]:
    config = state / "share.conf"
    bus = "transport_url = rabbit://127.0.0.1:9/"
    config.write_text(f"[DEFAULT]\nstate_dir = {state}\nhost = {HOST}\n{bus}\n")
    command = (sys.executable, "-m", "baremetal.cmd.share", "--config-file", str(config))
    with (state / "share.log").open("ab") as log:
        process = subprocess.Popen(command, stderr=log, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_it_does_what_is_queued_and_says_when_it_ends(
    sqlite_database: Database, tmp_path: Path
) -> None:
    house = ShareHouse(sqlite_database, tmp_path)
    body = {"share": {"share_proto": "NFS", "size": 1}}
    share = house.good("POST", "shares", body)["share"]["id"]

    def status() -> str:
        return str(house.good("GET", f"shares/{share}")["share"]["status"])

    with _service(tmp_path) as process:
        wait_until(lambda: status() == "available", 60)
        (service,) = house.good("GET", "services")["services"]
        assert (service["host"], service["state"]) == (f"{HOST}@fake", "up")
        # It may still wait for its broker, and is to say goodbye all the same.
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    (service,) = house.good("GET", "services")["services"]
    assert service["state"] == "down"
    assert house.good("POST", "shares", body)["share"]["status"] == "error"
