"""Processes that share a port count together, also after times at which nothing could be told."""

import os
from pathlib import Path

from baremetal.health.siblings import Siblings
from baremetal.meters import Histogram, Meters


def test_what_could_not_be_told_on_a_full_disk_is_told_later(tmp_path: Path) -> None:
    meters = Meters(Histogram((1.0,)), Histogram((1.0,)))
    siblings = Siblings(tmp_path, meters)
    full = tmp_path / f"{os.getpid()}.new"
    full.symlink_to("/dev/full")
    meters.http.observe(("GET", "/v1", "200"), 0.1)
    siblings.tell()
    assert list(tmp_path.glob("*.json")) == []
    full.unlink()
    siblings.tell()
    assert [file.stem for file in tmp_path.glob("*.json")] == [str(os.getpid())]


def test_a_directory_that_is_gone_hinders_nobody(tmp_path: Path) -> None:
    Siblings(tmp_path / "gone", Meters(Histogram((1.0,)), Histogram((1.0,)))).tell()
