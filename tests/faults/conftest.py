"""Worlds at the beginning of each life."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from stevedore.extension import ExtensionManager

from tests.faults.lives import LIVES, Life
from tests.faults.world import Template
from tests.support.databases import *  # noqa: F403
from tests.support.thirdparty.installed import *  # noqa: F403


@pytest.fixture(scope="session")
def acme_here(acme_path: Path) -> Iterator[None]:
    """The third party's driver, found by this very process."""
    sys.path.insert(0, str(acme_path))
    # Other tests have looked before it was there, and a process remembers what it found.
    ExtensionManager.ENTRY_POINT_CACHE.clear()
    yield
    sys.path.remove(str(acme_path))
    ExtensionManager.ENTRY_POINT_CACHE.clear()


class Templates:
    """Builds each when it is first wanted."""

    def __init__(self, factory: pytest.TempPathFactory, empty: Path) -> None:
        self._factory = factory
        self._empty = empty
        self._built: dict[tuple[str, tuple[str, ...]], Template] = {}

    def at(self, life: Life, style: str) -> Template:
        key = (style, life.before)
        if key not in self._built:
            directory = self._factory.mktemp(style)
            self._built[key] = Template(directory, self._empty, style, life.before)
        return self._built[key]


@pytest.fixture(scope="session")
def templates(
    tmp_path_factory: pytest.TempPathFactory, empty_sqlite_file: Path, acme_here: None
) -> Templates:
    return Templates(tmp_path_factory, empty_sqlite_file)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for `life` and `style` for all of them that there are."""
    if {"life", "style"} <= set(metafunc.fixturenames):
        pairs = [(life, style) for life in LIVES for style in life.styles]
        ids = [f"{life.name}-{style}" for life, style in pairs]
        metafunc.parametrize(("life", "style"), pairs, ids=ids)
