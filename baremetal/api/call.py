"""One request as controllers see it, and what they answer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from baremetal.api.types.kinds import boolean
from baremetal.auth.identity import Identity
from baremetal.domain.errors import InvalidInput, NotAcceptable

if TYPE_CHECKING:
    from baremetal.api.services import Services

#: Deeper JSON is refused: no resource needs it, and it is how parsers are attacked.
MAX_DEPTH = 32


@dataclass(slots=True)
class Answer:
    """What a controller answers; bytes are sent as they are, all else becomes JSON."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: Iterator[bytes] | None = None


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
    last_event_id: str | None = None

    def arg(self, name: str) -> str:
        """A variable part of the path."""
        return self.args[name]

    def json(self) -> Any:
        """The body, parsed.

        :raises InvalidInput: it is no JSON, no valid UTF-8, or too deeply nested.
        """
        try:
            document = orjson.loads(self.raw)
        except orjson.JSONDecodeError as error:
            raise InvalidInput(f"The request body is not valid JSON: {error}") from error
        if _deeper(document, MAX_DEPTH):
            raise InvalidInput(f"The request body is nested deeper than {MAX_DEPTH} levels.")
        return document

    def object(self) -> dict[str, Any]:
        """The body, which must be a JSON object.

        :raises InvalidInput: it is not.
        """
        document = self.json()
        if not isinstance(document, dict):
            raise InvalidInput(f"The request body must be a JSON object, not {_kind(document)}.")
        return document

    def optional_object(self) -> dict[str, Any]:
        """The body, or an empty object where there is none."""
        return self.object() if self.raw.strip() else {}

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


def _deeper(document: Any, left: int) -> bool:
    if isinstance(document, dict):
        return left == 0 or any(_deeper(value, left - 1) for value in document.values())
    if isinstance(document, list):
        return left == 0 or any(_deeper(value, left - 1) for value in document)
    return False


def _kind(document: Any) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(document), "a number")
