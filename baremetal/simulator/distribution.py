"""Quantities that differ from machine to machine: declared as a distribution, drawn by a seed."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from baremetal.simulator.checked_mapping import CheckedMapping

_Draw = Callable[[random.Random, float, float], float]

#: By name: what its two parameters are called, and how it is drawn.
_KINDS: Mapping[str, tuple[str, _Draw]] = {
    "normal": ("mean, deviation", lambda chance, mean, deviation: chance.gauss(mean, deviation)),
    "uniform": ("least, most", lambda chance, least, most: chance.uniform(least, most)),
    "lognormal": (
        "median, spread",
        lambda chance, median, spread: median * chance.lognormvariate(0.0, spread),
    ),
}


@dataclass(frozen=True, slots=True)
class Distribution:
    """Where a quantity is drawn from; what falls outside of ``least`` and ``most`` is cut there.

    :ivar kind: ``normal`` (mean, deviation), ``uniform`` (least, most) or ``lognormal``
        (median, spread: 0.5 makes one in six take 1.65 times the median or longer).
    """

    kind: str
    parameters: tuple[float, float]
    least: float = 0.0
    most: float = 1e9

    def draw(self, chance: random.Random) -> float:
        """Return one value."""
        _, drawn = _KINDS[self.kind]
        return min(self.most, max(self.least, drawn(chance, *self.parameters)))


def read_distribution(fields: CheckedMapping, name: str, least: float, most: float) -> Distribution:
    """Return what ``name`` declares: a number for all, or ``{normal: [60, 10]}`` and its like.

    :raises FleetFileError: it is neither.
    """
    if not fields.is_mapping(name):
        value = fields.number(name, least=least, most=most)
        return Distribution("uniform", (value, value), least, most)
    declared = fields.mapping(name)
    kinds = declared.names()
    if len(kinds) != 1 or kinds[0] not in _KINDS:
        ways = ", ".join(f"{kind}: [{meaning}]" for kind, (meaning, _) in _KINDS.items())
        raise fields.error(name, f"must be a number or one of {{{ways}}}", kinds)
    kind = kinds[0]
    values = declared.numbers(kind, least=0.0, most=most)
    if len(values) != 2:
        raise declared.error(kind, f"must be [{_KINDS[kind][0]}]", values)
    if kind == "uniform" and values[0] > values[1]:
        raise declared.error(kind, "must not begin above its end", values)
    return Distribution(kind, (values[0], values[1]), least, most)
