"""Planes for the dashboard to look at, and browsers to look with."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.support.api import Api
from tests.support.browser import Browser
from tests.support.plane import PlaneProcess

#: Opens a browser of a width, a height and a colour scheme; it is closed after the test.
Opener = Callable[..., Browser]


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlaneProcess]:
    """A plane without authentication that the tests of a module share."""
    with PlaneProcess(tmp_path_factory.mktemp("plane")) as running:
        yield running


@pytest.fixture
def api(plane: PlaneProcess) -> Api:
    """Its API."""
    return Api(plane)


@pytest.fixture
def open_browser() -> Iterator[Opener]:
    """Browsers as a test needs them."""
    with ExitStack() as stack:
        yield lambda *size, **more: stack.enter_context(Browser(*size, **more))


@pytest.fixture
def browser(open_browser: Opener) -> Browser:
    """A browser of a desk's size."""
    return open_browser()
