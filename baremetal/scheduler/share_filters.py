"""What a pool must be for a share. Pure: a wish and a pool go in, yes or no comes out.

Filters that describe the pool come before those that describe its present state, so that an
explanation ends at what can still be waited for.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from baremetal.domain.share import ABILITY_SPECS, SERVERS_SPEC, Wish, flag_of
from baremetal.domain.share_pool import PROTOCOLS, Pool

#: Extra specs whose keys have a scope are for drivers, but for those of this one.
_SCOPE: Final = "capabilities:"
#: Specs that say something else than what a pool must have.
_OURS: Final = ("availability_zones", "mount_snapshot_support")
_NUMERIC: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_COMPARED: Final = re.compile(r"\s*(==|!=|>=|<=|=|>|<)\s*(\S+)\s*")


@dataclass(frozen=True, slots=True)
class Filter:
    """One rule. `says` names it after a number of pools: "2 that speak NFS".

    `instead` is what a pool that fails has; `change` what of the wish would have to be another.
    """

    says: Callable[[Wish], str]
    passes: Callable[[Wish, Pool], bool]
    instead: Callable[[Wish, Pool], str]
    change: Callable[[Wish, Pool], str | None] = lambda _wish, _pool: None


def _protocols(pool: Pool) -> list[str]:
    return [word.upper() for word in str(pool.capabilities.get(PROTOCOLS, "")).split("_")]


def _near(wish: Wish, pool: Pool) -> bool:
    return wish.near is None or wish.near == pool.host


def _zone(wish: Wish, pool: Pool) -> bool:
    zones = [zone.strip() for zone in wish.specs.get("availability_zones", "").split(",")]
    if any(zones) and pool.availability_zone not in zones:
        return False
    return wish.availability_zone in (None, pool.availability_zone)


def meets(wanted: str, had: Any) -> bool:
    """Whether a capability is what an extra spec asks for."""
    if isinstance(had, list):
        return any(meets(wanted, one) for one in had)
    flag, had_flag = flag_of(wanted), flag_of(str(had))
    if (had_flag is not None and not isinstance(had, int | float)) or isinstance(had, bool):
        return flag is not None and flag == had_flag
    if "<or> " in wanted:
        return str(had) in [word.strip() for word in wanted.split("<or>")]
    if wanted.startswith("<in>"):
        return wanted[4:].strip() in str(had)
    compared = _COMPARED.fullmatch(wanted)
    if compared is not None:
        return _compares(compared[1], had, compared[2])
    return wanted.strip().lower() == str(had).lower()


def _compares(sign: str, had: Any, wanted: str) -> bool:
    try:
        return _NUMERIC[sign](float(had), float(wanted))
    except (TypeError, ValueError):
        return False


def unmet(wish: Wish, pool: Pool) -> list[str]:
    """The extra specs that a pool does not meet."""
    found = []
    for spec, wanted in wish.specs.items():
        key = spec.removeprefix(_SCOPE)
        if ":" in key or key in _OURS:
            continue
        had = pool.capabilities.get(key)
        refused = key in ABILITY_SPECS and flag_of(wanted) is False
        absent = had is None and key == SERVERS_SPEC and flag_of(wanted) is False
        if not refused and not absent and (had is None or not meets(wanted, had)):
            found.append(f"{key}={wanted}")
    return found


FILTERS: Final = (
    Filter(
        lambda wish: f"at {wish.near}, where its snapshot is",
        _near,
        lambda _wish, _pool: "elsewhere",
    ),
    Filter(
        lambda wish: f"that speak {wish.protocol}",
        lambda wish, pool: wish.protocol in _protocols(pool),
        lambda _wish, pool: f"speaks {', '.join(_protocols(pool))}",
        lambda _wish, pool: f"ask for {_protocols(pool)[0]}" if _protocols(pool)[0] else None,
    ),
    Filter(
        lambda wish: f"in availability zone {wish.availability_zone or 'of its type'}",
        _zone,
        lambda _wish, pool: f"in {pool.availability_zone}",
        lambda _wish, pool: f"ask for availability zone {pool.availability_zone}",
    ),
    Filter(
        lambda _wish: "with what its type asks for",
        lambda wish, pool: not unmet(wish, pool),
        lambda wish, pool: f"lacks {', '.join(unmet(wish, pool))}",
        lambda wish, pool: f"choose a type without {', '.join(unmet(wish, pool))}",
    ),
    Filter(
        lambda _wish: "of living services",
        lambda _wish, pool: pool.alive,
        lambda _wish, _pool: "its service is down",
    ),
    Filter(
        lambda _wish: "enabled",
        lambda _wish, pool: not pool.disabled,
        lambda _wish, _pool: "disabled by an administrator",
    ),
    Filter(
        lambda _wish: "in working order",
        lambda _wish, pool: pool.problem is None,
        lambda _wish, pool: str(pool.problem),
    ),
    Filter(
        lambda wish: f"with room for {wish.size} GiB",
        lambda wish, pool: pool.room >= wish.size,
        lambda _wish, pool: f"room for {pool.room} GiB",
        lambda _wish, pool: f"ask for at most {pool.room} GiB" if pool.room else None,
    ),
)


def fits(wish: Wish, pool: Pool) -> bool:
    """Whether a share can be there."""
    return all(each.passes(wish, pool) for each in FILTERS)
