"""``baremetal-motion``: the library alone, from the command line."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from devstack.moto import MotoServer
from devstack.nginx import NginxServer

_PROGRAM = Path(sys.executable).with_name("baremetal-motion")


def _run(*words: object) -> "subprocess.CompletedProcess[str]":
    command = [str(_PROGRAM), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_copies_and_tells_how(here: Path) -> None:
    data = os.urandom(3 << 20)
    (here / "a").write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    done = _run("copy", here / "a", f"file://{here}/b", "--hash", "sha256")
    assert done.returncode == 0, done.stderr
    assert f"sha256 {digest}" in done.stdout
    assert "by kernel copy: source and target are files of this machine" in done.stdout
    assert (here / "b").read_bytes() == data
    assert done.stderr == "", "progress is for terminals"
    again = _run("copy", here / "a", here / "b", "--expect", f"sha256:{digest}")
    assert again.returncode == 1
    assert "exists already" in again.stderr
    forced = _run("copy", here / "a", here / "b", "--replace", "--json", "--hash", "blake3")
    said = json.loads(forced.stdout)
    assert (said["size"], said["resumed_from"]) == (3 << 20, 0)
    assert set(said["digests"]) == {"blake3"}


def test_it_copies_trees(here: Path) -> None:
    (here / "tree" / "inner").mkdir(parents=True)
    (here / "tree" / "inner" / "file").write_text("x")
    done = _run("copy", f"tree://{here}/tree", f"tree://{here}/copy")
    assert done.returncode == 0, done.stderr
    assert (here / "copy" / "inner" / "file").read_text() == "x"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere", "b"), "could not be found"),
        (("a", "b", "--expect", "sha256"), "--expect is a name and a digest"),
        (("a", "gopher://x/y"), "No store for gopher:// is installed. There are: file://"),
        (("a", "b", "--expect", "sha256:00"), "sha256 should be 00, but is"),
        (("a", "b", "--stores", "nowhere.toml"), "nowhere.toml"),
        (("a", "iscsi://u:s3cret@127.0.0.1:1/iqn/1"), "QEMU"),
    ],
)
def test_it_says_what_is_wrong(here: Path, words: tuple[str, ...], said: str) -> None:
    (here / "a").write_text("x")
    command = [str(_PROGRAM), "copy", *words]
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "s3cret" not in done.stderr
    assert sorted(path.name for path in here.iterdir()) == ["a"]


def test_the_stores_are_listed() -> None:
    listed = _run("stores").stdout.split()
    assert {"file://", "tree://", "http://", "https://", "s3://"} < set(listed)
    assert {"swift://", "rbd://", "iscsi://"} < set(listed)


def test_settings_of_stores_come_from_a_file(here: Path, moto: MotoServer) -> None:
    (here / "key").write_text("s3cret\n")
    (here / "stores.toml").write_text(
        f'[s3]\nendpoint = "{moto.url}"\naccess_key = "x"\nsecret_key_file = "{here}/key"\n'
    )
    (here / "a").write_text("to the bucket")
    stores = ("--stores", here / "stores.toml")
    missing = _run("copy", here / "a", "s3://command/a", *stores)
    assert "s3://command/a could not be found" in missing.stderr
    (here / "bucket.py").write_text(
        "import sys\nfrom baremetal.stores.backends.s3 import S3Store\n"
        "S3Store({'endpoint': sys.argv[1], 'access_key': 'x', 'secret_key': 'y'})"
        ".client.create_bucket(Bucket='command')\n"
    )
    subprocess.run([sys.executable, str(here / "bucket.py"), moto.url], check=True)
    assert _run("copy", here / "a", "s3://command/a", *stores).returncode == 0
    assert _run("copy", "s3://command/a", here / "b", *stores).returncode == 0
    assert (here / "b").read_text() == "to the bucket"


_MEASURE = """
import resource, sys
from pathlib import Path
from baremetal.motion import Wishes, transfer
from baremetal.stores import locate
source, small, target, unpack = sys.argv[1:]
def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
transfer(locate(small), locate(target + "0"), Wishes(hashes=("sha256",)))
before = most()
wishes = Wishes(hashes=("sha256",), concurrency=8, unpack=unpack or None)
done = transfer(locate(source), locate(target), wishes)
print(done.strategy, done.size >> 20, most() - before)
"""


@pytest.mark.parametrize("packed", [False, True], ids=["ranges", "packed"])
def test_a_large_download_takes_little_memory(here: Path, nginx: NginxServer, packed: bool) -> None:
    """What is in memory does not depend on the size: 64 MiB more than idle are enough."""
    (nginx.files / "small").write_bytes(b"x")
    large = nginx.files / "large"
    block = os.urandom(1 << 20)
    with large.open("wb") as file:
        for _ in range(300):
            file.write(block)
    if packed:
        subprocess.run(["gzip", "-1", "-f", "-k", str(large)], check=True)
    name = "large.gz" if packed else "large"
    words = [f"{nginx.url}/{name}", f"{nginx.url}/small", str(here / "b")]
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, *words, "auto" if packed else ""],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    strategy, size, grown = done.stdout.rsplit(maxsplit=2)
    assert strategy == ("stream" if packed else "parallel ranges")
    assert int(size) == 300
    assert int(grown) <= 64
