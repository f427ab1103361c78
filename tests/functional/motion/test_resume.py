"""What was killed goes on where it was, and never with bytes that are not the source's."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from baremetal.domain.errors import InvalidInput, Unavailable
from baremetal.motion import Wishes, transfer
from baremetal.motion import checkpoint as checkpoints
from baremetal.stores import DataObject, locate
from tests.support.stores import PARTS, DistantStore

Blob = Callable[[str, int], DataObject]
_SIZE = 48 << 20


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Marks come often, so that small objects have some."""
    monkeypatch.setattr(checkpoints, "_SECONDS", 0.0)
    monkeypatch.setattr(checkpoints, "_BYTES", 4 << 20)


def _interrupted(source: DataObject, target: DataObject, note: Path) -> None:
    """Copy until some marks are set, and end as if the line were cut for good."""
    store = DistantStore()

    def cut(at: int) -> None:
        if at > _SIZE // 2:
            raise Unavailable("The line was cut.")

    store.before_piece = cut
    wishes = Wishes(hashes=("sha256",), checkpoint=note, retries=0, concurrency=1)
    with pytest.raises(Unavailable):
        transfer(DataObject(store, source.name), target, wishes)
    assert note.exists()


def _again(source: DataObject, target: DataObject, note: Path) -> int:
    wishes = Wishes(hashes=("sha256",), checkpoint=note, concurrency=1)
    done = transfer(DataObject(DistantStore(), source.name), target, wishes)
    data = Path(source.name).read_bytes()
    assert b"".join(bytes(piece) for piece in target.store.read(target.name)) == data
    assert done.digests == {"sha256": hashlib.sha256(data).hexdigest()}
    assert not note.exists()
    return done.resumed_from


def test_it_goes_on_where_it_was(blob: Blob, here: Path, tmp_path: Path) -> None:
    source, target, note = blob("a", _SIZE), locate(str(here / "b")), tmp_path / "note"
    _interrupted(source, target, note)
    assert not (here / "b").exists()
    assert _again(source, target, note) > 8 << 20
    assert sorted(path.name for path in here.iterdir()) == ["a", "b"]


def test_parts_in_a_store_that_cannot_read_back_go_on(
    blob: Blob, here: Path, tmp_path: Path
) -> None:
    source, note = blob("a", _SIZE), tmp_path / "note"
    target = DataObject(DistantStore({"root": str(here)}, PARTS), "b")
    _interrupted(source, target, note)
    assert _again(source, target, note) > 8 << 20


def test_spoilt_bytes_are_written_anew(blob: Blob, here: Path, tmp_path: Path) -> None:
    source, target, note = blob("a", _SIZE), locate(str(here / "b")), tmp_path / "note"
    _interrupted(source, target, note)
    part = next(path for path in here.iterdir() if path.suffix == ".part")
    first = json.loads(note.read_text())["marks"][0][0]
    with part.open("r+b") as file:
        file.seek(first + 1000)
        file.write(b"spoilt")
    assert _again(source, target, note) == first


def test_a_changed_source_is_copied_from_its_beginning(
    blob: Blob, here: Path, tmp_path: Path
) -> None:
    source, target, note = blob("a", _SIZE), locate(str(here / "b")), tmp_path / "note"
    _interrupted(source, target, note)
    with Path(source.name).open("r+b") as file:
        file.write(b"changed")
    assert _again(source, target, note) == 0
    assert sorted(path.name for path in here.iterdir()) == ["a", "b"]


def test_what_is_left_may_be_gone(blob: Blob, here: Path, tmp_path: Path) -> None:
    source, target, note = blob("a", _SIZE), locate(str(here / "b")), tmp_path / "note"
    _interrupted(source, target, note)
    next(path for path in here.iterdir() if path.suffix == ".part").unlink()
    assert _again(source, target, note) == 0


def test_the_note_of_another_transfer_is_left_alone(blob: Blob, here: Path, tmp_path: Path) -> None:
    source, note = blob("a", _SIZE), tmp_path / "note"
    _interrupted(source, locate(str(here / "b")), note)
    with pytest.raises(InvalidInput, match=r"belongs to a transfer to file://.*/b;"):
        transfer(source, locate(str(here / "c")), Wishes(checkpoint=note))
    note.write_text("shopping list")
    with pytest.raises(InvalidInput, match="no checkpoint"):
        transfer(source, locate(str(here / "b")), Wishes(checkpoint=note))


def _command(source: Path, target: Path, note: Path, *more: str) -> list[str]:
    program = Path(sys.executable).with_name("baremetal-motion")
    paths = [str(source), str(target), "--checkpoint", str(note)]
    return [str(program), "copy", *paths, "--json", "--hash", "sha256", *more]


@pytest.mark.slow
def test_kill_9_loses_little(here: Path, tmp_path: Path) -> None:
    source, target, note = here / "a", here / "b", tmp_path / "note"
    data = os.urandom(1 << 20) * 200
    source.write_bytes(data)
    process = subprocess.Popen(_command(source, target, note, "--bandwidth", "30M"))
    deadline = time.monotonic() + 120
    while not note.exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not target.exists()
    done = subprocess.run(
        _command(source, target, note), capture_output=True, text=True, check=True
    )
    said = json.loads(done.stdout)
    assert said["resumed_from"] >= 16 << 20
    assert said["digests"]["sha256"] == hashlib.sha256(data).hexdigest()
    assert target.read_bytes() == data
    assert sorted(path.name for path in here.iterdir()) == ["a", "b"]


@pytest.mark.slow
def test_kill_9_without_a_checkpoint_leaves_nothing(here: Path) -> None:
    source, target = here / "a", here / "b"
    with source.open("wb") as file:
        for _ in range(64):
            file.write(os.urandom(1 << 20))
    program = Path(sys.executable).with_name("baremetal-motion")
    process = subprocess.Popen([program, "copy", source, target, "--bandwidth", "1M"])
    deadline = time.monotonic() + 120
    while str(source) not in _open_files(process.pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert sorted(path.name for path in here.iterdir()) == ["a"]


@pytest.mark.slow
def test_a_signal_stops_it_in_order(here: Path, tmp_path: Path) -> None:
    source, target = here / "a", here / "b"
    with source.open("wb") as file:
        for _ in range(64):
            file.write(os.urandom(1 << 20))
    process = subprocess.Popen(
        _command(source, target, tmp_path / "note", "--bandwidth", "1M"),
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    # It works once it has begun to read the source.
    while str(source) not in _open_files(process.pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 1
    assert process.stderr is not None
    assert "cancelled" in process.stderr.read()
    process.stderr.close()
    assert sorted(path.name for path in here.iterdir()) == ["a"]


def _open_files(pid: int) -> set[str]:
    found = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.add(str(link.readlink()))
        except FileNotFoundError:
            continue
    return found
