"""The allocation: what is asked of a node, and how the asking stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

ALLOCATING: Final = "allocating"
ACTIVE: Final = "active"
ERROR: Final = "error"
ALL: Final = (ALLOCATING, ACTIVE, ERROR)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a node must be. `candidates` are uuids; none given is any node."""

    uuid: str
    resource_class: str | None
    name: str | None = None
    traits: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    owner: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def columns(self) -> dict[str, Any]:
        """The wish as columns of its row."""
        return {
            "uuid": self.uuid,
            "name": self.name,
            "resource_class": self.resource_class,
            "traits": list(self.traits),
            "candidate_nodes": list(self.candidates),
            "owner": self.owner,
            "extra": dict(self.extra),
        }

    def failed(self, reason: str) -> str:
        """The error to show for this wish."""
        return f"Failed to process allocation {self.uuid}: {reason}"
