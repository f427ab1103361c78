"""What a list of images is asked for, read from its query."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from baremetal.api.call import Call
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
_NUMBERS: Final = ("min_disk", "min_ram", "size")
_FLAGS: Final = ("protected", "os_hidden")
_LIMITS: Final = {
    "size_min": ("size", "gte"),
    "size_max": ("size", "lte"),
}
_OPERATORS: Final = ("gt", "gte", "lt", "lte", "eq", "neq")

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
        known = {"visibility": (*im.VISIBILITIES, "all"), "sort_dir": ("asc", "desc")}
        known["member_status"] = (*im.MEMBER_STATUSES, "all")
        if name in known and value not in known[name]:
            raise InvalidInput(f"{name} must be one of {', '.join(known[name])}.")
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
            operator, _, when = text.partition(":") if text[:4].isalpha() else ("eq", "", text)
            operator, when = _split(text)
            self.compared.append((name, operator, when))
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


def _split(text: str) -> tuple[str, str]:
    word, colon, rest = text.partition(":")
    if colon and word in _OPERATORS:
        return word, rest.rstrip("Z")
    return "eq", text.rstrip("Z")


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
