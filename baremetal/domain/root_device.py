"""Which of a machine's disks is the root disk: the hints that nodes carry, and their operators.

Hints and operators are Ironic's, as its "Specifying the disk for deployment" has them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

GIB: Final = 1 << 30
#: Bytes; without hints smaller disks are not considered.
SMALLEST_ROOT: Final = 4 * GIB

#: Facts of a disk, as the agent's inventory has them; size in bytes.
Disk = Mapping[str, Any]

_TEXT: Final = (
    "model",
    "vendor",
    "serial",
    "wwn",
    "wwn_with_extension",
    "wwn_vendor_extension",
    "name",
    "hctl",
    "by_path",
)
HINTS: Final = ("size", "rotational", *_TEXT)
_TRUE: Final = ("1", "t", "true", "on", "y", "yes")
_FALSE: Final = ("0", "f", "false", "off", "n", "no")

Compare = Callable[[Any, Any], bool]
_ORDER: Final[Mapping[str, Compare]] = {
    "==": lambda fact, wish: fact == wish,
    "!=": lambda fact, wish: fact != wish,
    ">=": lambda fact, wish: fact >= wish,
    "<=": lambda fact, wish: fact <= wish,
    ">": lambda fact, wish: fact > wish,
    "<": lambda fact, wish: fact < wish,
}
_OPERATOR: Final = re.compile(r"^(s==|s!=|s>=|s<=|s>|s<|==|!=|>=|<=|=|<in>|<all-in>|<or>)\s+")
_RANGE: Final = re.compile(
    r"^<range-in>\s+([\[(])\s*(-?[0-9.]+)\s+(-?[0-9.]+)\s*([\])])\s*$", re.ASCII
)


class BadHint(ValueError):
    """A hint that cannot be understood; the message says which, and why."""


class NoSuchDisk(Exception):
    """No disk fits; the message says which there are."""


def root_disk(disks: Sequence[Disk], hints: Mapping[str, Any] | None) -> Disk:
    """The first disk that fits all hints; without hints the smallest of at least 4 GiB.

    :raises BadHint: a hint cannot be understood.
    :raises NoSuchDisk: none fits.
    """
    there = ", ".join(f"{disk['name']} of {disk['size'] / GIB:.1f} GiB" for disk in disks)
    if not hints:
        large = [disk for disk in disks if disk["size"] >= SMALLEST_ROOT]
        if not large:
            raise NoSuchDisk(f"No disk has 4 GiB. There are: {there or 'none'}.")
        return min(large, key=lambda disk: (disk["size"], disk["name"]))
    wishes = [(name, _wish(name, hint)) for name, hint in hints.items()]
    for disk in disks:
        if all(fits(disk) for _, fits in wishes):
            return disk
    raise NoSuchDisk(f"No disk fits root_device {dict(hints)}. There are: {there or 'none'}.")


def check_hints(hints: object) -> None:
    """Return if the hints can be understood.

    :raises BadHint: they cannot.
    """
    if not isinstance(hints, Mapping):
        raise BadHint(f"root_device must be an object of hints, not {hints!r:.80}.")
    for name, hint in hints.items():
        _wish(name, hint)


def _wish(name: str, hint: object) -> Callable[[Disk], bool]:
    if name == "rotational":
        wanted = _boolean(hint)
        return lambda disk: disk.get("rotational") is wanted
    if name == "size":
        by_size = _number_wish(str(hint))
        return lambda disk: by_size(disk["size"] // GIB)
    if name not in _TEXT:
        raise BadHint(f"root_device knows no hint '{name}'. It knows: {', '.join(HINTS)}.")
    by_text = _text_wish(str(hint))
    return lambda disk: disk.get(name) not in (None, "") and by_text(_normal(disk[name]))


def _normal(value: object) -> str:
    return str(value).strip().lower()


def _boolean(hint: object) -> bool:
    word = _normal(hint)
    if word not in _TRUE + _FALSE:
        raise BadHint(f"root_device/rotational must be true or false, not {hint!r:.80}.")
    return word in _TRUE


def _text_wish(hint: str) -> Callable[[str], bool]:
    """Texts are compared without regard to case; no operator means equal."""
    operator, text = _split(_normal(hint))
    if operator == "<or>":
        choices = [_normal(part) for part in text.split("<or>")]
        return lambda fact: fact in choices
    if operator in {"<in>", "<all-in>"}:
        parts = [part.strip() for part in text.split(operator)]
        return lambda fact: all(part in fact for part in parts)
    if operator in {None, "="}:
        return lambda fact: fact == text
    if not str(operator).startswith("s"):
        number, compare = _number(text), _ORDER[str(operator)]
        return lambda fact: _is_number(fact) and compare(float(fact), number)
    compare = _ORDER[str(operator)[1:]]
    return lambda fact: compare(fact, text)


def _number_wish(hint: str) -> Callable[[float], bool]:
    """``=`` has always meant at least; no operator means equal."""
    inside = _RANGE.match(hint.strip())
    if inside:
        opens, low, high, closes = inside.groups()
        above = _ORDER[">=" if opens == "[" else ">"]
        below = _ORDER["<=" if closes == "]" else "<"]
        return lambda fact: above(fact, float(low)) and below(fact, float(high))
    operator, text = _split(hint.strip())
    if operator == "<or>":
        choices = [_number(part.strip()) for part in text.split("<or>")]
        return lambda fact: fact in choices
    if operator in {"<in>", "<all-in>"}:
        raise BadHint(f"root_device/size cannot be compared by {operator}.")
    number = _number(text)
    if operator == "=":
        return lambda fact: fact >= number
    compare = _ORDER[(operator or "==").removeprefix("s")]
    return lambda fact: compare(fact, number)


def _split(hint: str) -> tuple[str | None, str]:
    found = _OPERATOR.match(hint)
    return (found[1], hint[found.end() :].strip()) if found else (None, hint)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number(text: str) -> float:
    if not _is_number(text):
        raise BadHint(f"'{text[:80]}' in root_device is no number.")
    return float(text)
