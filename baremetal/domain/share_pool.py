"""A pool that shares are placed in, as its service reported it last."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

#: What a service says of its backend, beside how large it is; keys of extra specs.
PROTOCOLS: Final = "storage_protocol"
THIN: Final = "thin_provisioning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """One pool. All sizes are GiB.

    :ivar host: its name, ``service@backend#pool``.
    :ivar alive: its service was heard of lately.
    :ivar problem: why the backend cannot be used now.
    :ivar total: as the storage says, and `free` likewise, at the time of the last report.
    :ivar allocated: of all shares that are there, or on their way; `allocated_then`: that, at the
        time of the last report.
    :ivar ceiling: how much may be allocated, with over-subscription and without what is reserved.
    """

    host: str
    service: str
    backend: str
    availability_zone: str
    alive: bool = True
    disabled: bool = False
    problem: str | None = None
    total: float = 0.0
    free: float = 0.0
    allocated: int = 0
    allocated_then: int = 0
    ceiling: int = 0
    capabilities: Mapping[str, Any] = field(default_factory=dict)

    @property
    def thin(self) -> bool:
        """Whether what is allocated takes room only when it is used."""
        return bool(self.capabilities.get(THIN, False))

    @property
    def most(self) -> int:
        """How much may be allocated now: what was promised since the last report is not free."""
        if self.thin:
            return self.ceiling
        return min(self.ceiling, self.allocated_then + int(self.free))

    @property
    def room(self) -> int:
        """How much a new share may have."""
        return max(self.most - self.allocated, 0)

    @property
    def in_flight(self) -> int:
        """What was allocated since the last report, and may still be in the making."""
        return max(self.allocated - self.allocated_then, 0)


def pool_of(row: Mapping[str, Any], now: str) -> Pool:
    """The pool that a row is about, at the moment `now`."""
    names = ("host", "service", "backend", "availability_zone", "problem", "total", "free")
    numbers = ("allocated", "allocated_then", "ceiling", "capabilities")
    return Pool(
        **{name: row[name] for name in (*names, *numbers)},
        alive=row["lease_until"] > now,
        disabled=bool(row["disabled"]),
    )
