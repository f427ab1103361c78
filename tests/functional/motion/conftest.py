"""Places to copy from and to."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from baremetal.stores import DataObject, locate


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """An empty folder."""
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


@pytest.fixture
def blob(here: Path) -> Callable[[str, int], DataObject]:
    """Makes a file of so many bytes, no two alike."""

    def make(name: str, size: int) -> DataObject:
        path = here / name
        path.write_bytes(random.Random(f"{name}{size}").randbytes(size))
        return locate(str(path))

    return make
