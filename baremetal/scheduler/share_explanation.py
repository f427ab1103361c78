"""Why no pool takes a share: what each filter left, the nearest miss, what would have to change."""

from collections.abc import Sequence

from baremetal.domain.share import Wish
from baremetal.domain.share_pool import Pool
from baremetal.scheduler.share_filters import FILTERS

#: How many of the nearest misses are named.
_NAMED = 3


def explain(wish: Wish, pools: Sequence[Pool]) -> str:
    """One or two sentences."""
    if not pools:
        return "no backend of any share service was ever heard of."
    left, parts = list(pools), []
    for each in FILTERS:
        passed = [pool for pool in left if each.passes(wish, pool)]
        if len(passed) < len(left) or not passed:
            parts.append(f"{len(passed) or 'none'} {each.says(wish)}")
        if not passed:
            # Those with the most room are the nearest, where it is about room.
            nearest = sorted(left, key=lambda pool: -pool.room)[:_NAMED]
            named = ", ".join(f"{pool.host} ({each.instead(wish, pool)})" for pool in nearest)
            change = each.change(wish, nearest[0])
            hint = f" What would do: {change}." if change else ""
            pools_word = "pool" if len(pools) == 1 else "pools"
            return (
                f"no pool fits. Of {len(pools)} {pools_word}: {', of these '.join(parts)}. "
                f"Nearest: {named}.{hint}"
            )
        left = passed
    return "all pools that fit were filled by others at the same time; try again."
