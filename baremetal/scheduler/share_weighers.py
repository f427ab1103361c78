"""Which of the pools that fit is taken first. Pure: each gives a number, the least wins."""

from collections.abc import Callable, Iterable
from typing import Final

from baremetal.domain.share import Wish
from baremetal.domain.share_pool import Pool

Weigher = Callable[[Wish, Pool], float]


def fullness(_wish: Wish, pool: Pool) -> float:
    """How much of what may be allocated is, in tenths: pools fill up together."""
    return round(10 * pool.allocated / pool.ceiling) if pool.ceiling else 10


def busyness(_wish: Wish, pool: Pool) -> float:
    """What was given to it since its last report: a burst spreads."""
    return pool.in_flight


def use(_wish: Wish, pool: Pool) -> float:
    """How much of what there is, is really taken."""
    return 1 - pool.free / pool.total if pool.total else 1.0


WEIGHERS: Final[tuple[Weigher, ...]] = (fullness, busyness, use)


def order(wish: Wish, pools: Iterable[Pool]) -> list[Pool]:
    """The best first; of equals, as they came."""
    return sorted(pools, key=lambda pool: tuple(weigh(wish, pool) for weigh in WEIGHERS))
