"""Query parameters: declared with a route or a list, and checked before its controller runs."""

from collections.abc import Iterable
from dataclasses import dataclass

from baremetal.api.call import Call
from baremetal.api.types import kinds
from baremetal.api.types.kinds import Kind
from baremetal.domain.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter: `kind` checks its value, `since` is the version that brought it."""

    name: str
    kind: Kind
    since: int = 1
    about: str = ""


FIELDS = Parameter("fields", kinds.NAMES, since=8, about="The fields to show, separated by commas.")
LIMIT = Parameter("limit", kinds.COUNT, about="Most rows of a page; 0 asks for as many as may be.")
MARKER = Parameter("marker", kinds.UUID, about="The last row of the page before.")
SORT_DIR = Parameter("sort_dir", kinds.one_of("asc", "desc"), about="asc, unless given.")


def check_query(call: Call, known: Iterable[Parameter]) -> None:
    """Return if the request's query parameters are among those known, and have good values.

    :raises InvalidInput: naming the parameter, what is wrong with it.
    :raises NotAcceptable: one that is newer than the version.
    """
    by_name = {parameter.name: parameter for parameter in known}
    unknown = [name for name in call.query if name not in by_name]
    if unknown:
        hint = f"Known here: {', '.join(by_name)}." if by_name else "None is known here."
        raise InvalidInput(f"Unexpected arguments: {', '.join(unknown)}. {hint}")
    for name, text in call.query.items():
        call.need(by_name[name].since, f"Query parameter {name}")
        try:
            by_name[name].kind.validate(text)
        except ValueError as error:
            raise InvalidInput(f"Invalid value for query parameter '{name}': {error}") from error
