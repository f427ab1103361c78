"""What `baremetal up` promises of its life: ready, killed, back again, asked to end."""

import json
import stat
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.support.plane import PlaneFailedError, PlaneProcess


def _get(plane: PlaneProcess, path: str) -> dict[str, object]:
    with urllib.request.urlopen(plane.url + path, timeout=5) as answer:
        body: dict[str, object] = json.load(answer)
    return body


def _create_node(plane: PlaneProcess) -> None:
    request = urllib.request.Request(
        f"{plane.url}/v1/nodes",
        json.dumps({"driver": "fake-hardware", "name": "kept"}).encode(),
        {"Content-Type": "application/json", "X-OpenStack-Ironic-API-Version": "1.90"},
    )
    urllib.request.urlopen(request, timeout=5).close()


@pytest.mark.slow
def test_it_answers_again_on_the_same_port_after_a_kill(tmp_path: Path) -> None:
    with PlaneProcess(tmp_path / "state") as plane:
        port = plane.port
        _create_node(plane)
        plane.kill()
        with pytest.raises(urllib.error.URLError):
            _get(plane, "/")
        plane.restart()
        assert plane.port == port
        assert len(_get(plane, "/v1/nodes")["nodes"]) == 1  # type: ignore[arg-type]


def test_it_chooses_a_port_and_ends_in_order_when_asked(tmp_path: Path) -> None:
    plane = PlaneProcess(tmp_path / "state", port=0)
    plane.start()
    assert plane.port > 0
    assert _get(plane, "/")["versions"]
    plane.stop()
    assert not plane.running


def test_its_secrets_are_readable_by_their_owner_alone(guarded_plane: PlaneProcess) -> None:
    for name in ("clouds.yaml", "htpasswd", "secret.keys"):
        mode = (guarded_plane.state_dir / name).stat().st_mode
        assert stat.S_IMODE(mode) == 0o600, name


def test_no_authentication_is_for_loopback_alone(tmp_path: Path) -> None:
    plane = PlaneProcess(tmp_path, options="[api]\nhost = 0.0.0.0")
    with pytest.raises(PlaneFailedError, match=r"--auth none is refused on 0\.0\.0\.0"):
        plane.start()
