"""`openstack image`, unchanged, does what its users type."""

import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from openstackclient.shell import OpenStackShell

from tests.support.asking import wait_until
from tests.support.plane import PlaneProcess

#: The clients warn of their libraries' future.
pytestmark = pytest.mark.filterwarnings("ignore")

Run = Callable[..., Any]


@pytest.fixture
def openstack(
    guarded_plane: PlaneProcess,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Run:
    """`openstack image WORDS`: (exit status, what it said, what it complained of)."""
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(guarded_plane.clouds))
    monkeypatch.setenv("OS_CLOUD", "baremetal")

    def run(*words: str) -> tuple[int, str, str]:
        root = logging.getLogger()
        before, level = root.handlers[:], root.level
        capfd.readouterr()
        try:
            verb, *rest = words
            code = OpenStackShell().run(["image", *verb.split(), *rest])
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
def file(tmp_path: Path) -> Path:
    path = tmp_path / "disk.raw"
    path.write_bytes(os.urandom(200_000))
    return path


@pytest.fixture
def image(openstack: Run, shown: Run, file: Path) -> Iterator[str]:
    """The name of an image with data."""
    words = ("--disk-format", "raw", "--container-format", "bare", "--file", str(file))
    made = shown("create", "cli-image", *words, "--property", "os_distro=debian", "--tag", "one")
    assert made["name"] == "cli-image"
    yield "cli-image"
    for row in shown("list"):
        assert openstack("set", "--unprotected", row["ID"])[0] == 0
        assert openstack("delete", row["ID"])[0] == 0


def test_an_image_is_created_listed_shown_and_saved(
    openstack: Run, shown: Run, image: str, file: Path, tmp_path: Path
) -> None:
    (listed,) = shown("list", "--long")
    assert (listed["Name"], listed["Status"], listed["Size"]) == (image, "active", 200_000)
    seen = shown("show", image)
    assert (seen["disk_format"], seen["tags"]) == ("raw", ["one"])
    assert seen["properties"]["os_distro"] == "debian"
    assert seen["properties"]["os_hash_algo"] == "sha512"
    target = tmp_path / "saved.raw"
    assert openstack("save", image, "--file", str(target))[0] == 0
    assert target.read_bytes() == file.read_bytes()


def test_an_image_is_set_and_unset(openstack: Run, shown: Run, image: str) -> None:
    words = ("--name", "other", "--min-disk", "7", "--property", "a=b", "--tag", "two", "--public")
    code, _, complaint = openstack("set", image, *words, "--protected")
    assert code == 0, complaint
    seen = shown("show", "other")
    assert (seen["min_disk"], seen["visibility"], seen["protected"]) == (7, "public", True)
    assert sorted(seen["tags"]) == ["one", "two"]
    assert seen["properties"]["a"] == "b"
    code, _, complaint = openstack("unset", "other", "--property", "a", "--tag", "one")
    assert code == 0, complaint
    seen = shown("show", "other")
    assert "a" not in seen["properties"]
    assert seen["tags"] == ["two"]
    code, _, complaint = openstack("delete", "other")
    assert (code, "protected" in complaint) == (1, True)
    for word, status in (("--deactivate", "deactivated"), ("--activate", "active")):
        assert openstack("set", word, "other")[0] == 0
        assert shown("show", "other")["status"] == status


def test_lists_are_filtered(shown: Run, image: str) -> None:
    for words in (("--name", image), ("--tag", "one"), ("--property", "os_distro=debian")):
        assert [row["Name"] for row in shown("list", *words)] == [image], words
    for words in (("--name", "x"), ("--tag", "two"), ("--property", "os_distro=x")):
        assert shown("list", *words) == [], words
    assert shown("list", "--status", "queued") == []


def test_an_image_is_staged_imported_and_copied_between_stores(
    openstack: Run, shown: Run, image: str, file: Path
) -> None:
    assert [row["ID"] for row in shown("stores list")] == ["local", "second"]
    assert shown("stores list", "--detail")[1]["Properties"]["sync"] == "true"
    assert "copy-image" in shown("import info")["import-methods"]
    words = ("--disk-format", "raw", "--container-format", "bare", "--file", str(file))
    uuid = shown("create", "staged", *words, "--import")["id"]
    wait_until(lambda: shown("show", uuid)["status"] == "active")
    code, _, complaint = openstack("import", uuid, "--method", "copy-image", "--store", "second")
    assert code == 0, complaint
    wait_until(lambda: shown("show", uuid)["properties"].get("stores") == "local,second")
    code, _, complaint = openstack("delete", uuid, "--store", "local")
    assert code == 0, complaint
    assert shown("show", uuid)["properties"]["stores"] == "second"


def test_what_is_wrong_is_said_in_one_line(openstack: Run, image: str) -> None:
    code, _, complaint = openstack("show", "nosuch")
    assert (code, "nosuch" in complaint) == (1, True)
    code, _, complaint = openstack("set", image, "--property", "os_glance_x=1")
    assert (code, "read-only" in complaint) == (1, True)
