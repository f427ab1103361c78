"""One request as controllers see it, and what they answer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from baremetal.api.types.kinds import boolean
from baremetal.auth.identity import Identity
from baremetal.domain.errors import NotAcceptable

if TYPE_CHECKING:
    from baremetal.api.services import Services
    from baremetal.api.upload import Upload


@dataclass(slots=True)
class Answer:
    """What a controller answers; bytes are sent as they are, all else becomes JSON.

    A long body comes in `parts`, since memory for a part is found faster than for the whole.
    """

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    stream: Iterator[bytes] | None = None
    parts: Sequence[bytes] = ()
    content_type: str = "application/json"


@dataclass(slots=True)
class Call:
    """One request: who asks for what, in which version."""

    services: "Services"
    identity: Identity
    version: int
    base: str
    path: str
    args: Mapping[str, str]
    query: Mapping[str, str]
    raw: bytes
    request_id: str
    #: The request as WSGI has it, for what few routes look at.
    environ: Mapping[str, Any] = field(default_factory=dict)
    #: The project whose resources alone the caller may list; None: everybody's.
    only_of: str | None = None

    @property
    def upload(self) -> "Upload":
        """The body, where the route takes bytes."""
        found: Upload = self.environ["baremetal.upload"]
        return found

    def flag(self, name: str) -> bool:
        """Whether a query parameter says yes; it has been checked before."""
        return name in self.query and boolean(self.query[name])

    def need(self, since: int, what: str) -> None:
        """Refuse what the chosen version does not have.

        :raises NotAcceptable: it is newer.
        """
        if self.version < since:
            raise NotAcceptable(
                f"{what} needs API version 1.{since} or newer; "
                f"this request is for 1.{self.version}."
            )
