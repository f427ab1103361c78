"""`baremetal share ...` against a real plane: what its users type, to the end."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.plane import PlaneProcess

pytestmark = pytest.mark.slow

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def share(guarded_plane: PlaneProcess, tmp_path: Path) -> Iterator[Run]:
    """`baremetal share WORDS`; what a test leaves behind is deleted."""

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            (sys.executable, "-m", "baremetal.cmd.main", "share", *words),
            env={
                **os.environ,
                "OS_CLIENT_CONFIG_FILE": str(guarded_plane.clouds),
                "OS_CLOUD": "baremetal",
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    yield run
    for one in json.loads(run("list", "-f", "json").stdout):
        run("delete", one["id"])


def test_a_share_from_its_making_to_its_end(share: Run) -> None:
    def said(*words: str) -> str:
        done = share(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    made = json.loads(said("create", "1", "--name", "home", "--wait", "-f", "json"))
    assert (made["status"], made["size"]) == ("available", 1)
    said("access", "allow", "home", "192.0.2.0/24", "--read-only", "--wait")
    (rule,) = json.loads(said("access", "list", "home", "-f", "json"))
    assert (rule["access_to"], rule["access_level"], rule["state"]) == (
        "192.0.2.0/24",
        "ro",
        "active",
    )
    assert said("mount-command", "home", "/home").startswith("mount -t nfs fake.example.org:/")
    said("snapshot", "create", "home", "--name", "monday", "--wait")
    assert "available" in said("revert", "home", "monday", "--wait")
    refused = share("delete", "home")
    assert (refused.returncode, "snapshots" in refused.stderr) == (1, True)
    said("snapshot", "delete", "monday")
    assert "2 GiB" in said("extend", "home", "2", "--wait")
    said("access", "deny", "home", "192.0.2.0/24", "--wait")
    assert json.loads(said("access", "list", "home", "-f", "json")) == []
    said("delete", "home")
    missing = share("show", "nosuch")
    assert (missing.returncode, "Share nosuch could not be found" in missing.stderr) == (1, True)
