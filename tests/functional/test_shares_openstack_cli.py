"""`openstack share`, unchanged, does what its users type."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from openstackclient.shell import OpenStackShell

from tests.support.plane import PlaneProcess

#: The clients warn of their libraries' future.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]

Run = Callable[..., Any]


@pytest.fixture
def openstack(
    guarded_plane: PlaneProcess,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Run:
    """`openstack share WORDS`: (exit status, what it said, what it complained of)."""
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(guarded_plane.clouds))
    monkeypatch.setenv("OS_CLOUD", "baremetal")
    where = ("--os-endpoint-override", f"{guarded_plane.root_url}/share/v2")

    def run(*words: str) -> tuple[int, str, str]:
        root = logging.getLogger()
        before, level = root.handlers[:], root.level
        capfd.readouterr()
        try:
            version = ("--os-share-api-version", "2.62")
            code = OpenStackShell().run([*where, *version, "share", *words])
        except SystemExit as end:  # argparse
            code = int(end.code or 0)
        finally:
            root.handlers[:], root.level = before, level
        return (code, *capfd.readouterr())

    return run


@pytest.fixture
def shown(openstack: Run) -> Run:
    """The same, for what is shown as JSON."""

    def run(*words: str) -> Any:
        code, out, complaint = openstack(*words, "-f", "json")
        assert code == 0, complaint
        return json.loads(out)

    return run


@pytest.fixture
def share(openstack: Run, shown: Run) -> Iterator[str]:
    """The name of a share that is there."""
    made = shown("create", "NFS", "1", "--name", "cli-share", "--wait")
    assert (made["name"], made["status"]) == ("cli-share", "available")
    yield made["id"]
    code, _, complaint = openstack("delete", made["id"], "--wait")
    assert code == 0, complaint


def test_a_share_is_made_opened_and_resized(openstack: Run, shown: Run, share: str) -> None:
    (listed,) = shown("list")
    assert (listed["Name"], listed["Share Type Name"]) == ("cli-share", "default")
    rule = shown("access", "create", share, "ip", "192.0.2.7", "--wait")
    assert rule["state"] == "active"
    assert [one["Access To"] for one in shown("access", "list", share)] == ["192.0.2.7"]
    (location,) = shown("export", "location", "list", share)
    assert location["Path"].startswith("fake.example.org:/shares/")
    assert openstack("access", "delete", share, rule["id"], "--wait")[0] == 0
    assert openstack("resize", share, "2", "--wait")[0] == 0
    assert shown("show", share)["size"] == 2


def test_the_cloud_is_told(shown: Run) -> None:
    assert [pool["Pool"] for pool in shown("pool", "list")] == ["fake"]
    assert [one["Binary"] for one in shown("service", "list")] == ["manila-share"]
    assert [kind["Name"] for kind in shown("type", "list")] == ["default"]
    assert shown("snapshot", "list") == []
