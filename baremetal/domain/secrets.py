"""Which values of a free-form mapping are secret, and how to part them from the rest.

A mapping is stored as two: a public one in which each secret reads as six stars,
ready to be shown to anybody, and the secrets alone, which are encrypted. So no
reader can leak what it never had. A secret is known by its path: keys from the
outside in, joined by ``/`` and escaped as in a JSON pointer (RFC 6901).
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

MASK: Final = "******"

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
#: Matched against a key in lower case whose words are parted by underscores.
_SECRET_WORD = re.compile(
    r"passw|passphrase|secret|credential|config_?drive|user_?data"
    r"|(^|_)(pass|pwd|tokens?|community)(_|$)"
    r"|(^|_)(private|priv|auth|api|access|kg|encryption|priv_protocol)_?keys?(_|$)"
)
_NOTHING: Final[tuple[object, ...]] = (None, "", {}, [])


def is_secret(key: str) -> bool:
    """Whether the name of a field says that its value is secret."""
    words = re.sub(r"[^A-Za-z0-9]+", "_", _CAMEL.sub("_", key)).lower()
    return _SECRET_WORD.search(words) is not None


def part(
    values: Mapping[str, Any], named: Collection[str] = ()
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(public, secrets by path) of a mapping, at any depth; what is empty stays readable.

    `named` are paths that are secret whatever they are called. A list that holds a
    secret anywhere is one secret as a whole, since its places are no names to go by.
    """
    secrets: dict[str, Any] = {}
    return _part(values, "", named, secrets), secrets


def _part(
    values: Mapping[str, Any], path: str, named: Collection[str], secrets: dict[str, Any]
) -> dict[str, Any]:
    public: dict[str, Any] = {}
    for key, value in values.items():
        here = path + _escaped(key)
        if value in _NOTHING:
            public[key] = value
        elif here in named or is_secret(key) or (isinstance(value, list) and _holds_any(value)):
            public[key] = MASK
            secrets[here] = value
        elif isinstance(value, Mapping):
            public[key] = _part(value, f"{here}/", named, secrets)
        else:
            public[key] = value
    return public


def _holds_any(values: list[Any]) -> bool:
    """Whether a secret is in a list, however deep."""
    return any(
        (isinstance(value, Mapping) and part(value)[1] != {})
        or (isinstance(value, list) and _holds_any(value))
        for value in values
    )


def join(public: Mapping[str, Any], secrets: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """The mapping as it was given; a secret that is gone from `public` stays out."""
    whole: dict[str, Any] = {}
    for key, value in public.items():
        here = path + _escaped(key)
        if value == MASK and here in secrets:
            whole[key] = secrets[here]
        elif isinstance(value, Mapping):
            whole[key] = join(value, secrets, f"{here}/")
        else:
            whole[key] = value
    return whole


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
