"""The clock that processes share."""

import pytest

from baremetal.db.clock import SharedClock
from baremetal.db.database import Database
from baremetal.domain.errors import Unavailable
from devstack.ports import free_port


def test_a_server_that_never_answered_has_told_no_time() -> None:
    """What a wrong host believes would take everybody's work from them."""
    db = Database(f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/none")
    clock = SharedClock(db)
    for _ in range(2):
        with pytest.raises(Unavailable):
            clock.now()
    db.close()


def test_a_server_that_is_away_later_has_told_it(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = Database(postgres_url)
    clock = SharedClock(db)
    first = clock.now()
    monkeypatch.setattr(clock, "_asked_at", float("-inf"))
    monkeypatch.setattr(
        clock, "_db", Database(f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/x")
    )
    assert clock.now() >= first
    db.close()
