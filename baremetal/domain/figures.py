"""A figure that somebody may want to plot."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Figure:
    """One value at this moment; a `counter` only ever grows.

    `name` is in Prometheus' style: words joined by underscores, the unit last.
    """

    name: str
    about: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    counter: bool = False
