"""Serialisers: one per type and set of fields, generated once, fast enough for lists.

WSME would build an object per row and look at each attribute of each of them. A
generated function writes the document straight from the row's tuple, and passes
JSON columns and links on as they are.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

import orjson

from baremetal.api.types.base import Field, Type, columns_for, fields_of

Row = Sequence[Any]
#: (row, base URL, what the caller adds) -> a JSON document
Serialiser = Callable[[Row, str, Any], str]

#: Kinds whose values need no escaping.
_PLAIN = ("uuid", "date-time")


@lru_cache(maxsize=512)
def serialiser(cls: type[Type], names: tuple[str, ...]) -> Serialiser:
    """A function for rows that begin with ``columns_for(cls, names)``.

    A field that `needs` columns is made of them by the function of its name in the
    third argument.
    """
    columns = columns_for(cls, names)
    known = fields_of(cls)
    scope: dict[str, Any] = {"quoted": encode_basestring, "dumps": orjson.dumps, "QUOTE": '"'}
    parts = []
    for name in names:
        field = known[name]
        if field.computed is not None:
            scope[f"make_{name}"] = field.computed
        parts.append(f'"{name}":{{{_expression(name, field)}}}')
    unpacked = "".join(f"_{column}, " for column in columns)
    # The source is made of field names that we declared ourselves.
    exec(  # noqa: S102
        "def serialise(row, base, extra):\n"
        f"    {unpacked}*_rest = row\n"
        f"    return f'''{{{{{','.join(parts)}}}}}'''",
        scope,
    )
    made: Serialiser = scope["serialise"]
    return made


def _expression(name: str, field: Field) -> str:
    """Python for the JSON of a field, where a column's value is in a variable of its name."""
    if field.needs:
        needed = ", ".join(f"_{column}" for column in field.needs)
        return f'dumps(extra["{name}"]({needed})).decode()'
    value = f"_{field.source or name}"
    if field.computed is not None:
        return f"make_{name}(base, {value})"
    if field.kind.stored_as == "boolean":
        shown = f'"true" if {value} else "false"'
    elif field.kind.stored_as in {"json", "integer"}:
        shown = value
    elif field.kind.name in _PLAIN:
        shown = f"QUOTE + {value} + QUOTE"
    else:
        shown = f"quoted({value})"
    return f'"null" if {value} is None else {shown}'
