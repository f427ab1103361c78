"""`baremetal-manage` as an administrator types it."""

import base64
import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from baremetal.db import schema
from tests.support.plane import PlaneProcess

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def manage(state: Path, *words: str, said: str = "", status: int = 0) -> str:
    """What a command printed, errors included."""
    command = [sys.executable, "-m", "baremetal.cmd.manage", "--state-dir", str(state), *words]
    done = subprocess.run(
        command, input=said, capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


def test_the_database_comes_into_being_and_is_as_it_should_be(tmp_path: Path) -> None:
    assert "There is no database" in manage(tmp_path, "db", "version", status=1)
    assert not (tmp_path / "baremetal.sqlite").exists()
    assert manage(tmp_path, "db", "upgrade", "0001") == "empty -> 0001\n"
    assert f"expects {schema.HEAD}: db upgrade" in manage(tmp_path, "db", "check", status=1)
    assert manage(tmp_path, "db", "upgrade") == f"0001 -> {schema.HEAD}\n"
    assert manage(tmp_path, "db", "version") == f"{schema.HEAD} (this release: {schema.HEAD})\n"
    assert manage(tmp_path, "db", "check") == f"{schema.HEAD}: as it should be\n"


def test_an_upgrade_to_nowhere_is_refused(tmp_path: Path) -> None:
    assert "identified by 'nowhere'" in manage(tmp_path, "db", "upgrade", "nowhere", status=1)


def test_a_configuration_file_says_where_the_database_is(
    tmp_path: Path, fresh_postgres_url: str
) -> None:
    file = tmp_path / "elsewhere.conf"
    file.write_text(f"[database]\nconnection = {fresh_postgres_url}\n")
    words = ["--config-file", str(file), "db"]
    assert manage(tmp_path / "state", *words, "upgrade") == f"empty -> {schema.HEAD}\n"
    assert "as it should be" in manage(tmp_path / "state", *words, "check")
    assert not (tmp_path / "state" / "baremetal.sqlite").exists()


def test_users_come_and_go_without_a_restart(tmp_path: Path) -> None:
    with PlaneProcess(tmp_path / "state", auth="basic") as plane:
        assert _status(plane, "bob", "builder") == 401
        assert manage(plane.state_dir, "user", "add", "bob", said="builder\n") == (
            "user bob added\n"
        )
        assert manage(plane.state_dir, "user", "list") == "admin\nbob\n"
        assert _status(plane, "bob", "builder") == 200
        said = manage(plane.state_dir, "user", "add", "bob", said="better")
        assert said == "user bob has a new password\n"
        assert _status(plane, "bob", "builder") == 401
        assert _status(plane, "bob", "better") == 200
        manage(plane.state_dir, "user", "remove", "bob")
        assert _status(plane, "bob", "better") == 401
        assert "last user" in manage(plane.state_dir, "user", "remove", "admin", status=1)
        assert "at least one character" in manage(plane.state_dir, "user", "add", "x", status=1)


def _status(plane: PlaneProcess, name: str, password: str) -> int:
    proof = base64.b64encode(f"{name}:{password}".encode()).decode()
    url, headers = f"{plane.url}/v1/nodes", {"Authorization": f"Basic {proof}"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=9) as got:
            return int(got.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize("drop", [False, True])
def test_keys_change_beside_a_running_plane(tmp_path: Path, *, drop: bool) -> None:
    with PlaneProcess(tmp_path / "state") as plane:
        _ask(plane, "POST", "nodes", {"driver": "fake-hardware", "name": "n", "driver_info": _INFO})
        before = (plane.state_dir / "secret.keys").read_text()
        said = manage(plane.state_dir, "secrets", "rotate", *(["--drop-old"] if drop else []))
        assert "1 rows encrypted with it" in said
        after = (plane.state_dir / "secret.keys").read_text()
        assert len(after.splitlines()) == (1 if drop else 2)
        assert (before in after) is not drop
        _ask(plane, "PATCH", "nodes/n", [{"op": "add", "path": "/driver_info/a", "value": 1}])
        _ask(plane, "PUT", "nodes/n/states/provision", {"target": "manage"})
        assert "not in the key file" not in plane.log()


_INFO = {"password": "hunter2"}


def _ask(plane: PlaneProcess, method: str, path: str, body: object) -> None:
    headers = {"Content-Type": "application/json", "X-OpenStack-Ironic-API-Version": "1.90"}
    request = urllib.request.Request(
        f"{plane.url}/v1/{path}", json.dumps(body).encode(), headers, method=method
    )
    urllib.request.urlopen(request, timeout=9).close()
