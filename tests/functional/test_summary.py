"""The whole at a glance, and what happened lately: figures that add up with the lists."""

from collections import Counter
from pathlib import Path

import pytest

from tests.support.api import Api
from tests.support.plane import PlaneProcess


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Api:
    """A plane that nobody else counts in, with nodes in several states."""
    return Api(_plane(tmp_path_factory.mktemp("summary")))


_planes: list[PlaneProcess] = []


def _plane(directory: Path) -> PlaneProcess:
    plane = PlaneProcess(directory)
    plane.start()
    _planes.append(plane)
    return plane
