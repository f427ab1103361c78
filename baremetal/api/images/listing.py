"""What a list of images is asked for, read from its query."""

import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from baremetal.api.call import Call
from baremetal.api.query import Parameter
from baremetal.api.types import kinds
from baremetal.api.types.base import fields_of
from baremetal.api.types.image import Image
from baremetal.api.types.kinds import boolean
from baremetal.db.images import SORTABLE, Wanted
from baremetal.domain import image as im
from baremetal.domain.errors import InvalidInput

_PATH: Final = "/v2/images"
_USUAL_LIMIT: Final = 25
_MOST_PARAMETERS: Final = 50
_EQUAL: Final = ("name", "status", "owner", "disk_format", "container_format", "id", "checksum")
_NUMBERS: Final = ("min_disk", "min_ram", "size", "virtual_size")
_FLAGS: Final = ("protected", "os_hidden")
_LIMITS: Final = {
    "size_min": ("size", "gte"),
    "size_max": ("size", "lte"),
}
_OPERATORS: Final = ("gt", "gte", "lt", "lte", "eq", "neq")

_KNOWN: Final = {
    "visibility": kinds.one_of(*im.VISIBILITIES, "all"),
    "member_status": kinds.one_of(*im.MEMBER_STATUSES, "all"),
    "sort_dir": kinds.one_of("asc", "desc"),
}
#: To the second, as moments are shown.
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", re.ASCII)
_WHEN: Final = "A moment such as 2026-01-31T00:00:00Z, after gt:, gte:, lt:, lte:, eq: or neq:."

#: What the query may say; anything else is a property that images must have, with that value.
PARAMETERS: Final = (
    Parameter("limit", kinds.COUNT, about="Most images of a page."),
    Parameter("marker", kinds.UUID, about="The last image of the page before."),
    Parameter("sort", kinds.TEXT, about="key:direction, several with commas."),
    Parameter("sort_key", kinds.one_of(*SORTABLE), about="May come several times."),
    *(Parameter(name, kind) for name, kind in _KNOWN.items()),
    Parameter("tag", kinds.TEXT, about="May come several times."),
    *(Parameter(name, kinds.TEXT, about="Or in: and several, with commas.") for name in _EQUAL),
    *(Parameter(name, kinds.COUNT) for name in (*_NUMBERS, *_LIMITS)),
    *(Parameter(name, kinds.BOOLEAN) for name in _FLAGS),
    *(Parameter(name, kinds.TEXT, about=_WHEN) for name in ("created_at", "updated_at")),
)

Follow = Callable[[str], str]


def wanted(call: Call) -> tuple[Wanted, str, Follow]:
    """What the query asks for; the link to the first page; and to the one after a marker.

    :raises InvalidInput: naming the parameter, what is wrong with it.
    """
    pairs = _pairs(call)
    query = dict(pairs)
    filters = _Filters()
    for name, text in pairs:
        filters.take(name, text)
    filters.equal.setdefault("os_hidden", False)
    everybody = call.only_of is None
    asked = Wanted(
        call.only_of,
        everybody=everybody,
        equal=filters.equal,
        compared=filters.compared,
        tags=filters.tags,
        properties=filters.properties,
        visibility=query.get("visibility"),
        member_status=query.get("member_status", im.ACCEPTED),
        sort=_sort(pairs),
        marker=query.get("marker"),
        limit=min(_number("limit", query.get("limit", str(_USUAL_LIMIT))), call.services.max_limit),
    )
    kept = [pair for pair in pairs if pair[0] != "marker"]

    def follow(marker: str) -> str:
        return f"{_PATH}?{urlencode([*kept, ('marker', marker)])}"

    return asked, f"{_PATH}?{urlencode(kept)}" if kept else _PATH, follow


def _pairs(call: Call) -> list[tuple[str, str]]:
    text = call.environ["baremetal.query"]
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS
        )
    except ValueError as error:
        raise InvalidInput(f"The query string cannot be read: {error}") from error
    for name, value in pairs:
        if "\x00" in name or "\x00" in value:
            raise InvalidInput(f"The query parameter '{name[:80]}' contains a NUL character.")
        if name in _KNOWN:
            try:
                _KNOWN[name].validate(value)
            except ValueError as error:
                raise InvalidInput(f"{name} {error}.") from error
    return pairs


class _Filters:
    """What the parameters of a query narrow a list to."""

    def __init__(self) -> None:
        self.equal: dict[str, Any] = {}
        self.compared: list[tuple[str, str, Any]] = []
        self.tags: list[str] = []
        self.properties: dict[str, str] = {}

    def take(self, name: str, text: str) -> None:
        if name in _PAGING:
            return
        if name == "tag":
            self.tags.append(text)
        elif name in _LIMITS:
            column, operator = _LIMITS[name]
            self.compared.append((column, operator, _number(name, text)))
        elif name in ("created_at", "updated_at"):
            self.compared.append((name, *_compared(name, text)))
        elif name in _NUMBERS:
            self.equal[name] = _number(name, text)
        elif name in _FLAGS:
            try:
                self.equal[name] = boolean(text)
            except ValueError as error:
                raise InvalidInput(f"{name} {error}.") from error
        elif name in _EQUAL:
            column = "uuid" if name == "id" else name
            several = text.startswith("in:")
            self.equal[column] = text[3:].strip('"').split(",") if several else text
        elif name in fields_of(Image):
            self.equal[name] = text
        else:
            self.properties[name] = text


_PAGING: Final = frozenset(
    {"limit", "marker", "sort", "sort_key", "sort_dir", "visibility", "member_status"}
)


def _compared(name: str, text: str) -> tuple[str, str]:
    word, colon, rest = text.partition(":")
    operator, when = (word, rest) if colon and word in _OPERATORS else ("eq", text)
    if _MOMENT.fullmatch(when.rstrip("Z")) is None:
        raise InvalidInput(f"{name} must be a moment such as gte:2026-01-31T00:00:00Z.")
    return operator, when.rstrip("Z")


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InvalidInput(f"{name} must be a whole number, 0 or more.")
    return int(text)


def _sort(pairs: list[tuple[str, str]]) -> tuple[tuple[str, bool], ...]:
    """By ``sort=key:dir,...``, or ``sort_key`` and ``sort_dir``, which may come several times."""
    found: list[tuple[str, str]] = []
    for name, text in pairs:
        if name == "sort":
            for part in text.split(","):
                key, _, direction = part.strip().partition(":")
                found.append((key, direction or "desc"))
    if not found:
        keys = [text for name, text in pairs if name == "sort_key"] or ["created_at"]
        directions = [text for name, text in pairs if name == "sort_dir"] or ["desc"]
        directions += directions[-1:] * (len(keys) - len(directions))
        found = list(zip(keys, directions, strict=False))
    for key, direction in found:
        if key not in SORTABLE or direction not in ("asc", "desc"):
            raise InvalidInput(
                f"Images cannot be sorted by {key[:80]}:{direction[:80]}. "
                f"Keys: {', '.join(SORTABLE)}; directions: asc, desc."
            )
    return tuple((key, direction == "desc") for key, direction in found)
