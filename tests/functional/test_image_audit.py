"""Records and stores that disagree are found, and put right; what agrees is left alone."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import baremetal.cmd.backend  # noqa: F401 - must come before anything of oslo
from baremetal.clock import Clock
from baremetal.cmd.manage import main
from baremetal.db.database import Database
from baremetal.db.image_data import ImageData
from baremetal.db.images import ImageStore
from baremetal.images.audit import Audit, Finding
from baremetal.images.keeper import Keeper
from baremetal.images.shelves import Shelves
from tests.support.configuration import fresh_configuration
from tests.support.databases import *  # noqa: F403

LOST = "6b1f0c0e-5f0e-4b59-8c5b-4b6e8d0f0b01"


@pytest.fixture
def shelves(tmp_path: Path) -> Shelves:
    return Shelves(fresh_configuration(tmp_path))


@pytest.fixture
def keeper(sqlite_database: Database, shelves: Shelves) -> Keeper:
    return Keeper(sqlite_database, shelves, Clock())


@pytest.fixture
def look(sqlite_database: Database, shelves: Shelves) -> Callable[..., list[Finding]]:
    def run(hours: float = 0, *, repair: bool = True) -> list[Finding]:
        return list(Audit(sqlite_database, shelves, Clock(), hours).run(repair=repair))

    return run


@pytest.fixture
def images(sqlite_database: Database) -> ImageStore:
    return ImageStore(sqlite_database)


@pytest.fixture
def new(images: ImageStore) -> Callable[[], dict[str, Any]]:
    def make() -> dict[str, Any]:
        uuid = Clock().new_uuid()
        formats = {"disk_format": "raw", "container_format": "bare"}
        images.insert(
            {"uuid": uuid, "status": "queued", "visibility": "private", **formats}, Clock().now()
        )
        return images.row(uuid)

    return make


@pytest.fixture
def kept(new: Callable[[], dict[str, Any]], keeper: Keeper, images: ImageStore) -> dict[str, Any]:
    """An image with data."""
    row = new()
    keeper.upload(row, [b"a" * 1000, b"b" * 500], "local", None)
    return images.row(row["uuid"])


def _files(tmp_path: Path) -> list[Path]:
    return sorted(path for path in (tmp_path / "images").rglob("*") if path.is_file())


def test_what_agrees_is_left_alone(kept: dict[str, Any], look: Any, tmp_path: Path) -> None:
    assert look() == []
    assert [path.stat().st_size for path in _files(tmp_path)] == [1500]


def test_an_upload_that_died_leaves_the_image_as_it_was(
    new: Any, look: Any, images: ImageStore, sqlite_database: Database, tmp_path: Path, kept: Any
) -> None:
    row = new()
    data = ImageData(sqlite_database)
    data.begin(row, "upload", LOST, "local", Clock().now())
    (tmp_path / "images" / LOST).write_bytes(b"half")
    assert look(hours=1) == []
    (found,) = look(repair=False)
    assert (found.kind, found.what, found.repaired) == ("unfinished", row["uuid"], False)
    (found,) = look()
    assert found.repaired
    assert images.row(row["uuid"])["status"] == "queued"
    assert len(_files(tmp_path)) == 1
    assert look() == []


def test_a_deletion_that_died_is_brought_to_its_end(
    kept: dict[str, Any], look: Any, sqlite_database: Database, tmp_path: Path
) -> None:
    data = ImageData(sqlite_database)
    data.begin_delete(kept, Clock().now())
    (found,) = look()
    assert (found.kind, found.what, found.repaired) == ("half-deleted", kept["uuid"], True)
    assert _files(tmp_path) == []
    assert data.locations() == []
    assert look() == []


@pytest.mark.parametrize(("data", "kind"), [(None, "lost"), (b"short", "wrong size")])
def test_a_record_whose_data_is_gone_promises_it_no_longer(
    kept: dict[str, Any],
    look: Any,
    images: ImageStore,
    tmp_path: Path,
    data: bytes | None,
    kind: str,
) -> None:
    (path,) = _files(tmp_path)
    path.unlink()
    if data is not None:
        path.write_bytes(data)
    (found,) = look()
    assert (found.kind, found.what) == (kind, kept["uuid"])
    assert images.row(kept["uuid"])["status"] == "killed"
    assert _files(tmp_path) == look() == []


def test_data_without_a_record_goes_and_what_is_anothers_stays(
    kept: dict[str, Any], look: Any, tmp_path: Path
) -> None:
    (path,) = _files(tmp_path)
    folder = path.parent
    (folder / LOST).write_bytes(b"nobody's")
    (folder / "notes.txt").write_text("somebody's")
    (folder / ".baremetal-0123456789abcdef.part").write_bytes(b"interrupted")
    for file in folder.iterdir():
        os.utime(file, (1, 1))
    assert {one.kind for one in look()} == {"orphan", "leftover"}
    assert _files(tmp_path) == sorted([path, folder / "notes.txt"])


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def run(*words: str) -> tuple[int, str]:
        code = main(["--state-dir", str(tmp_path), "images", "audit", "--hours", "0", *words])
        return code, capsys.readouterr().out

    return run


def test_the_command_says_what_it_finds(kept: dict[str, Any], command: Any, tmp_path: Path) -> None:
    assert command() == (0, "all as it should be\n")
    (path,) = _files(tmp_path)
    path.unlink()
    code, said = command()
    assert (code, f"lost: {kept['uuid']} in local" in said) == (1, True)
    code, said = command("--repair")
    assert (code, "repaired" in said) == (0, True)
    assert command()[0] == 0
