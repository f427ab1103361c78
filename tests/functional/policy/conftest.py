"""A house whose doors are guarded, and callers of each kind."""

import pytest

from tests.support.callers import Claims
from tests.support.databases import *  # noqa: F403


@pytest.fixture
def claims() -> Claims:
    return Claims()
