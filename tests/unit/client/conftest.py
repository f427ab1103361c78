"""A stand-in for the API, and a client that speaks to it."""

from collections.abc import Iterator

import pytest

from baremetal.client import Client, connect
from tests.unit.client.stand_in import StandIn


@pytest.fixture
def api() -> Iterator[StandIn]:
    stand_in = StandIn()
    yield stand_in
    stand_in.stop()


@pytest.fixture
def client(api: StandIn, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.delenv("OS_CLOUD", raising=False)
    return connect(endpoint=api.root)
