"""What a node's history says of a failure: when what kind of work failed on it, and for whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

ERROR: Final = "ERROR"
#: The sweep that reads all power states.
MONITORING: Final = "monitoring"

#: kind of operation -> the Bare Metal API's word for it in a history
EVENT_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "verify": "verifying",
        "inspect": "introspection",
        "clean": "cleaning",
        "provide": "cleaning",
        "deploy": "deploying",
        "rebuild": "deploying",
        "undeploy": "unprovision",
        "adopt": "adoption",
        "power": "power",
        "rescue": "rescue",
        "unrescue": "rescue",
        "service": "servicing",
    }
)


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that went wrong with a node. `user` is who had asked for it, if anybody.

    `cause` is a word of ``autopsy.CAUSES``; `operation` is the one whose autopsy says more.
    """

    event: str
    event_type: str
    conductor: str | None
    user: str | None = None
    cause: str | None = None
    operation: str | None = None

    @property
    def text(self) -> str:
        """What the history tells: the cause, what happened, and where more is to be read."""
        cause = f"[{self.cause}] " if self.cause else ""
        more = f" (operation {self.operation})" if self.operation else ""
        return f"{cause}{self.event}{more}"
