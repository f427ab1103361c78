"""Serialisers: one per type and set of fields, generated once, fast enough for lists.

WSME would build an object per row and look at each attribute of each of them. A
generated function makes the document straight from the row's tuple, and passes
JSON columns and links on as they are.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import orjson

from baremetal.api.types.base import Type, columns_for, fields_of

Row = Sequence[Any]
#: (row, base URL, what the caller adds) -> a document for orjson
Serialiser = Callable[[Row, str, Any], dict[str, Any]]


@lru_cache(maxsize=512)
def serialiser(cls: type[Type], names: tuple[str, ...]) -> Serialiser:
    """A function for rows of exactly ``columns_for(cls, names)``.

    A field that `needs` columns is made of them by the function of its name in the
    third argument.
    """
    position = {name: number for number, name in enumerate(columns_for(cls, names))}
    known = fields_of(cls)
    scope: dict[str, Any] = {"Raw": orjson.Fragment}
    parts = []
    for name in names:
        field = known[name]
        if field.needs:
            needed = ", ".join(f"row[{position[column]}]" for column in field.needs)
            parts.append(f'"{name}": extra["{name}"]({needed})')
            continue
        value = f"row[{position[field.source or name]}]"
        if field.computed is not None:
            scope[f"make_{name}"] = field.computed
            value = f"Raw(make_{name}(base, {value}))"
        elif field.kind.stored_as == "json":
            value = f"Raw({value})"
        elif field.kind.stored_as == "boolean":
            value = f"(None if {value} is None else {value} == 1)"
        parts.append(f'"{name}": {value}')
    # The source is made of field names that we declared ourselves.
    exec(f"def serialise(row, base, extra):\n    return {{{', '.join(parts)}}}", scope)  # noqa: S102
    made: Serialiser = scope["serialise"]
    return made
