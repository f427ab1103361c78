"""What machines of a rack are deployed by and with, made once."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from baremetal.agent.recipe.build import Built, build
from baremetal.domain.errors import InvalidInput
from devstack.machines import small_os

T = TypeVar("T")

#: Of zstd's; what is served by HTTP within one machine need not be smallest.
QUICK_LEVEL = 3


def _made(make: Callable[[], T]) -> T:
    """What it makes; the tests are skipped, aloud, where a package is missing."""
    try:
        return make()
    except InvalidInput as reason:
        pytest.skip(f"REAL MACHINES ARE NOT DEPLOYED: {reason}")


@pytest.fixture(scope="session")
def ramdisk(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The agent's."""
    output = tmp_path_factory.mktemp("ramdisk") / "agent.img"
    return _made(lambda: build(output, level=QUICK_LEVEL))


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The operating system that machines get."""
    path = tmp_path_factory.mktemp("image") / "test-os.raw"
    _made(lambda: small_os.build(path))
    return path
