"""The disk of the state directory fills up: refused meanwhile, nothing lost, no restart needed."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.asking import ask, asked, fault, provision
from tests.support.plane import PlaneProcess

pytestmark = pytest.mark.slow

_MIB = 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A directory that holds sixteen MiB."""
    path = tmp_path / "disk"
    path.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m,mode=0700", "tmpfs", path],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"NOT TESTED: a full disk, since none can be mounted: {done.stderr.strip()}")
    yield path
    subprocess.run(["umount", "-l", path], check=True)


def _fill(disk: Path) -> Path:
    """Leave no room at all; the file that takes it."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as out:
        for size in (_MIB, 4096, 1):
            try:
                while True:
                    out.write(bytes(size))
            except OSError:
                continue
    return ballast


def test_a_full_disk_refuses_writes_until_there_is_room(small_disk: Path) -> None:
    with PlaneProcess(small_disk) as plane:
        node = asked(plane, "POST", "nodes", {"driver": "fake-hardware", "name": "n"})["uuid"]
        provision(plane, node, "manage")
        ballast = _fill(small_disk)
        # Room that the database has already may take some; then there is none.
        status, answer, number = 0, None, 0
        for number in range(2000):
            extra = {"text": "x" * 10_000}
            body = {"driver": "fake-hardware", "name": f"big-{number}", "extra": extra}
            status, answer = ask(plane, "POST", "nodes", body)
            if status != 201:
                break
        assert status == 503, answer
        assert "full" in fault(answer)
        assert asked(plane, "GET", f"nodes/{node}")["provision_state"] == "manageable"
        ballast.unlink()
        assert provision(plane, node, "provide")["provision_state"] == "available"
        found = asked(plane, "GET", "nodes?limit=1000")["nodes"]
        assert len(found) == number + 1
        plane.kill()
        plane.start()
        assert len(asked(plane, "GET", "nodes?limit=1000")["nodes"]) == number + 1
