"""What was overtaken is made again, and not for ever."""

import pytest

from baremetal.db.nodes import retried
from baremetal.domain.errors import ChangedMeanwhile, NotFound


@pytest.mark.parametrize(("overtaken", "outcome"), [(0, 1), (1, 2), (9, 10)])
def test_what_was_overtaken_is_made_again(overtaken: int, outcome: int) -> None:
    made: list[None] = []

    def attempt() -> int:
        made.append(None)
        if len(made) <= overtaken:
            raise ChangedMeanwhile("Node", "n")
        return len(made)

    assert retried(attempt) == outcome


def test_who_is_always_overtaken_is_told() -> None:
    made: list[None] = []

    def attempt() -> None:
        made.append(None)
        raise ChangedMeanwhile("Node", "n")

    with pytest.raises(ChangedMeanwhile):
        retried(attempt)
    assert len(made) == 10


def test_a_refusal_is_no_reason_to_try_again() -> None:
    made: list[None] = []

    def attempt() -> None:
        made.append(None)
        raise NotFound("Node", "n")

    with pytest.raises(NotFound):
        retried(attempt)
    assert len(made) == 1
