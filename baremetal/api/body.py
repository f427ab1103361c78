"""Bodies of requests that are no resources: their members as data, checked in one place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from baremetal.api.call import Call
from baremetal.api.types.kinds import Kind
from baremetal.domain.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Member:
    """One member: `kind` checks its value, `since` is the version that brought it."""

    kind: Kind
    since: int = 1
    mandatory: bool = False
    about: str = ""


class Body:
    """A JSON object with known members. `optional` bodies may be left out altogether."""

    def __init__(self, members: Mapping[str, Member], *, optional: bool = False) -> None:
        """Take these members and no others."""
        self.members = members
        self.optional = optional

    def read(self, call: Call) -> dict[str, Any]:
        """The members that a request gives, canonical; null counts as not given.

        :raises InvalidInput: naming the member and what is wrong with it.
        :raises NotAcceptable: one that is newer than the version.
        """
        given = call.optional_object() if self.optional else call.object()
        values: dict[str, Any] = {}
        for name, value in given.items():
            member = self.members.get(name)
            if member is None:
                raise InvalidInput(
                    f"Unknown field '{name[:80]}' in the body. "
                    f"Known fields: {', '.join(self.members) or 'none'}."
                )
            call.need(member.since, f"Field {name}")
            if value is not None:
                values[name] = _checked(member, name, value)
        for name, member in self.members.items():
            if member.mandatory and name not in values:
                raise InvalidInput(f"Missing mandatory parameter: {name}")
        return values


def _checked(member: Member, name: str, value: Any) -> Any:
    try:
        return member.kind.validate(value)
    except ValueError as error:
        raise InvalidInput(f"Invalid value for '{name}': {error}") from error
