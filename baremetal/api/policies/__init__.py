"""Who may do what: one file per resource. Routes name their rule in the table of routes."""

from baremetal.api.policies import (
    allocations,
    chassis,
    conductors,
    drivers,
    events,
    images,
    nodes,
    operations,
    ports,
    shares,
)
from baremetal.auth.rules import Rule

_FILES = (
    nodes,
    ports,
    chassis,
    allocations,
    drivers,
    conductors,
    operations,
    events,
    images,
    shares,
)

RULES: tuple[Rule, ...] = tuple(
    value for file in _FILES for value in vars(file).values() if isinstance(value, Rule)
)
