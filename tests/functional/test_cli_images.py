"""`baremetal image`, as a person uses it."""

import json
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.plane import PlaneProcess

_DATA = os.urandom(2_500_000)

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def image(guarded_plane: PlaneProcess, tmp_path: Path) -> Iterator[Run]:
    """`baremetal image WORDS`; what a test leaves behind is deleted."""
    (tmp_path / "disk.raw").write_bytes(_DATA)

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            (sys.executable, "-m", "baremetal.cmd.main", "image", *words),
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
    left = [row["id"] for row in _told(run("list", "-f", "json"))]
    if left:
        assert run("delete", *left).returncode == 0


def _told(done: "subprocess.CompletedProcess[str]") -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_image_goes_up_and_comes_down_as_it_was(image: Run, tmp_path: Path) -> None:
    words = ("--name", "debian", "--file", "disk.raw", "--min-disk", "3", "--property", "a=b")
    done = image("create", *words, "--tag", "one", "-f", "json")
    made = _told(done)
    assert (made["status"], made["size"], made["a"]) == ("active", len(_DATA), "b")
    assert "disk.raw" in done.stderr
    (row,) = _told(image("list", "--name", "debian", "--long", "-f", "json"))
    assert (row["id"], row["tags"], row["stores"]) == (made["id"], ["one"], "local")
    saved = image("save", "debian", "--file", "back.raw")
    assert (saved.returncode, str(len(_DATA)) in saved.stdout) == (0, True)
    assert (tmp_path / "back.raw").read_bytes() == _DATA
    assert list(tmp_path.glob(".*.part")) == []


def test_data_that_is_no_longer_what_it_was_is_not_saved(
    image: Run, guarded_plane: PlaneProcess, tmp_path: Path
) -> None:
    _told(image("create", "--name", "rotten", "--file", "disk.raw", "-f", "json"))
    kept = [path for path in (guarded_plane.state_dir / "images").rglob("*") if path.is_file()]
    (data,) = [path for path in kept if path.stat().st_size == len(_DATA)]
    with data.open("r+b") as file:
        file.write(bytes([_DATA[0] ^ 1]))
    refused = image("save", "rotten", "--file", "back.raw")
    assert (refused.returncode, "another sha512" in refused.stderr) == (1, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disk.raw"]


def test_fields_and_properties_are_set_and_unset(image: Run) -> None:
    _told(image("create", "--name", "one", "-f", "json"))
    words = ("--name", "two", "--min-ram", "512", "--property", "os=sid", "--protected")
    done = image("set", "one", *words)
    assert done.returncode == 0, done.stderr
    seen = _told(image("show", "two", "-f", "json"))
    assert (seen["min_ram"], seen["os"], seen["protected"]) == (512, "sid", True)
    refused = image("delete", "two")
    assert (refused.returncode != 0, "protected" in refused.stderr) == (True, True)
    assert image("set", "two", "--no-protected").returncode == 0
    assert image("unset", "two", "--property", "os").returncode == 0
    assert "os" not in _told(image("show", "two", "-f", "json"))


def test_the_service_fetches_an_image(image: Run, tmp_path: Path) -> None:
    handler: Callable[..., Any] = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        words = ("--name", "web", "--store", "second", "--store", "local")
        made = _told(image("import", f"{url}/disk.raw", *words, "-f", "json"))
        assert (made["status"], made["size"]) == ("active", len(_DATA))
        assert made["stores"] == "second,local"
        refused = image("import", f"{url}/nosuch", "--name", "missing")
        assert refused.returncode != 0
        assert "was not imported" in refused.stderr
        server.shutdown()


def test_an_image_is_in_the_stores_that_one_wants(image: Run) -> None:
    (default,) = [row for row in _told(image("store", "list", "-f", "json")) if row["default"]]
    assert default["id"] == "local"
    words = ("--name", "far", "--file", "disk.raw", "--store", "second")
    assert _told(image("create", *words, "-f", "json"))["stores"] == "second"
    done = image("copy", "far", "--all-stores", "--allow-failure", "-f", "json")
    assert _told(done)["stores"] == "second,local"
    assert image("store", "remove", "far", "second").stdout == "far: no longer in second\n"
    refused = image("store", "remove", "far", "local")
    assert (refused.returncode != 0, "in local alone" in refused.stderr) == (True, True)
    assert image("deactivate", "far").stdout == "far: deactivated\n"
    refused = image("ticket", "far")
    assert (refused.returncode != 0, "is deactivated" in refused.stderr) == (True, True)
    assert image("reactivate", "far").stdout == "far: active\n"


def test_whoever_has_a_ticket_reads_the_image(image: Run) -> None:
    made = _told(image("create", "--name", "lent", "--file", "disk.raw", "-f", "json"))
    ticket = _told(image("ticket", "lent", "--seconds", "60", "-f", "json"))
    with urllib.request.urlopen(ticket["url"], timeout=60) as answer:
        assert answer.read() == _DATA
    assert ticket["os_hash_value"] == made["os_hash_value"]
    refused = image("ticket", "lent", "--seconds", "301")
    assert (refused.returncode != 0, "[images] ticket_seconds" in refused.stderr) == (True, True)


def test_tags_and_members(image: Run) -> None:
    made = _told(image("create", "--name", "ours", "-f", "json"))
    assert image("tag", "add", "ours", "a", "b c").stdout == "ours: a, b c\n"
    assert image("tag", "remove", "ours", "a").stdout == "ours: b c\n"
    assert image("member", "add", "ours", "them").returncode == 0
    assert image("member", "set", made["id"], "them", "accepted").returncode == 0
    (member,) = _told(image("member", "list", "ours", "-f", "json"))
    assert (member["member_id"], member["status"]) == ("them", "accepted")
    assert image("member", "remove", "ours", "them").returncode == 0
    assert _told(image("member", "list", "ours", "-f", "json")) == []
    refused = image("member", "remove", "ours", "them")
    assert (refused.returncode != 0, "Member them" in refused.stderr) == (True, True)


def test_what_is_wrong_is_said(image: Run) -> None:
    for words, said in (
        (("show", "nosuch"), "Image nosuch could not be found"),
        (("create", "--file", "nosuch.raw"), "there is no file nosuch.raw"),
        (("create", "--disk-format", "tape"), "disk_format"),
        (("set", "nosuch"), "nothing to change"),
    ):
        refused = image(*words)
        assert refused.returncode != 0, words
        assert said in refused.stderr, refused.stderr
        assert "Traceback" not in refused.stderr
